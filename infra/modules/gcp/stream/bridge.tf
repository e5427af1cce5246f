resource "google_iam_workload_identity_pool" "bridge" {
  project                   = var.project
  workload_identity_pool_id = "${var.name}-bridge"
  display_name              = "Bridge of the stream"
  description               = "Publishes here what the primary's stream holds"
  disabled                  = false
}

resource "google_iam_workload_identity_pool_provider" "bridge" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.bridge.workload_identity_pool_id
  workload_identity_pool_provider_id = "aws"
  display_name                       = "AWS"
  disabled                           = false

  # The session's name is the pod's and may be longer than a subject.
  attribute_mapping = {
    "google.subject" = "assertion.arn.extract('assumed-role/{role}/')"
  }

  attribute_condition = "assertion.arn.extract('assumed-role/{role}/') == '${var.bridge.role}'"

  aws {
    account_id = var.bridge.account_id
  }
}

resource "google_pubsub_topic_iam_member" "bridge" {
  for_each = var.topics

  project = var.project
  topic   = google_pubsub_topic.main[each.key].name
  role    = "roles/pubsub.publisher"
  member  = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.bridge.name}/subject/${var.bridge.role}"
}
