resource "google_pubsub_topic" "rotation" {
  project      = var.project
  name         = "${var.name}-rotation"
  kms_key_name = var.key_id

  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }
}

resource "google_pubsub_topic_iam_member" "rotation" {
  project = var.project
  topic   = google_pubsub_topic.rotation.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
}

# A notice is acted upon once, however long the job needs or is away.
resource "google_pubsub_subscription" "rotation" {
  project = var.project
  name    = "${var.name}-rotation"
  topic   = google_pubsub_topic.rotation.id

  ack_deadline_seconds         = 600
  enable_exactly_once_delivery = true
  message_retention_duration   = "604800s"
  retain_acked_messages        = false

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "60s"
    maximum_backoff = "600s"
  }
}
