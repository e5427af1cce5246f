resource "google_pubsub_topic" "alarms" {
  project      = var.project
  name         = "${var.name}-alarms"
  kms_key_name = var.key_id

  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = false
  }
}

resource "google_pubsub_topic_iam_member" "alarms" {
  project = var.project
  topic   = google_pubsub_topic.alarms.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
}

resource "google_pubsub_subscription" "pager" {
  project = var.project
  name    = "${var.name}-pager"
  topic   = google_pubsub_topic.alarms.id

  ack_deadline_seconds         = 60
  enable_exactly_once_delivery = true
  message_retention_duration   = "604800s"
  retain_acked_messages        = false

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "60s"
  }
}

resource "google_monitoring_notification_channel" "pager" {
  project      = var.project
  display_name = "Pager of ${var.name}"
  type         = "pubsub"
  enabled      = true
  force_delete = false

  labels = {
    topic = google_pubsub_topic.alarms.id
  }

  depends_on = [google_pubsub_topic_iam_member.alarms]
}

resource "google_monitoring_notification_channel" "mail" {
  project      = var.project
  display_name = "Mail of ${var.name}"
  type         = "email"
  enabled      = true
  force_delete = false

  labels = {
    email_address = var.alarm_email
  }
}

locals {
  # A warning waits until morning.
  _channels = {
    CRITICAL = [
      google_monitoring_notification_channel.pager.id,
      google_monitoring_notification_channel.mail.id,
    ]
    WARNING = [google_monitoring_notification_channel.mail.id]
  }
}
