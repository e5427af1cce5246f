locals {
  _agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_schema" "event" {
  project    = var.project
  name       = "${var.name}-event"
  type       = "AVRO"
  definition = file("${path.module}/files/event.avsc")
}

resource "google_pubsub_topic" "main" {
  for_each = var.topics

  project      = var.project
  name         = "${each.key}-events"
  kms_key_name = var.key_id

  message_retention_duration = "${var.retention_days * 86400}s"

  # At rest only: the bridge publishes from the primary's region.
  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = false
  }

  schema_settings {
    schema   = google_pubsub_schema.event.id
    encoding = "JSON"
  }
}

# No schema: what is kept apart may be just what does not fit.
resource "google_pubsub_topic" "dead_letter" {
  for_each = var.topics

  project      = var.project
  name         = "${each.key}-events-dead-letter"
  kms_key_name = var.key_id

  message_retention_duration = "${var.retention_days * 86400}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = false
  }
}

resource "google_pubsub_topic_iam_member" "dead_letter" {
  for_each = var.topics

  project = var.project
  topic   = google_pubsub_topic.dead_letter[each.key].name
  role    = "roles/pubsub.publisher"
  member  = local._agent
}
