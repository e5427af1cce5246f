locals {
  _subscriptions = merge([
    for topic, settings in var.topics : {
      for consumer in settings.consumers : "${topic}/${consumer}" => {
        topic    = topic
        consumer = consumer
      }
    }
  ]...)
}

resource "google_pubsub_subscription" "main" {
  for_each = local._subscriptions

  project = var.project
  name    = "${each.value.topic}-events-${each.value.consumer}"
  topic   = google_pubsub_topic.main[each.value.topic].id

  ack_deadline_seconds         = var.ack_deadline_s
  enable_exactly_once_delivery = true
  enable_message_ordering      = true
  message_retention_duration   = "${var.retention_days * 86400}s"
  retain_acked_messages        = true

  # Empty: never.
  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "${var.retry_backoff_s.min}s"
    maximum_backoff = "${var.retry_backoff_s.max}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter[each.value.topic].id
    max_delivery_attempts = var.max_delivery_attempts
  }
}

# Pub/Sub takes a message out of the subscription before it keeps it apart.
resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each = local._subscriptions

  project      = var.project
  subscription = google_pubsub_subscription.main[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local._agent
}

resource "google_pubsub_subscription" "dead_letter" {
  for_each = var.topics

  project = var.project
  name    = "${each.key}-events-dead-letter"
  topic   = google_pubsub_topic.dead_letter[each.key].id

  ack_deadline_seconds         = var.ack_deadline_s
  enable_exactly_once_delivery = true
  enable_message_ordering      = false
  message_retention_duration   = "${var.retention_days * 86400}s"
  retain_acked_messages        = false

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "${var.retry_backoff_s.min}s"
    maximum_backoff = "${var.retry_backoff_s.max}s"
  }
}
