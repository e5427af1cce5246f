resource "google_secret_manager_secret" "main" {
  for_each = var.secrets

  project             = var.project
  secret_id           = "${var.name}-${each.key}"
  annotations         = { description = each.value.description }
  deletion_protection = var.deletion_protection
  version_destroy_ttl = "${var.recovery_window_days * 86400}s"

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = var.key_id
        }
      }
    }
  }

  rotation {
    rotation_period    = "${each.value.rotation_days * 86400}s"
    next_rotation_time = var.first_rotation_time
  }

  topics {
    name = google_pubsub_topic.rotation.id
  }

  # Each rotation moves the next one on.
  lifecycle {
    ignore_changes = [rotation[0].next_rotation_time]
  }

  depends_on = [google_pubsub_topic_iam_member.rotation]
}
