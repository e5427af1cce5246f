resource "google_artifact_registry_repository" "main" {
  for_each = {
    charts = "Charts of ${var.name}"
    images = "Images of ${var.name}"
  }

  project       = var.project
  location      = var.region
  repository_id = "${var.name}-${each.key}"
  description   = each.value
  format        = "DOCKER"
  mode          = "STANDARD_REPOSITORY"
  kms_key_name  = var.key_id

  cleanup_policy_dry_run = false

  docker_config {
    immutable_tags = true
  }

  vulnerability_scanning_config {
    enablement_config = "INHERITED"
  }

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.versions_kept
    }
  }

  cleanup_policies {
    id     = "delete-untagged"
    action = "DELETE"

    condition {
      tag_state  = "UNTAGGED"
      older_than = "${var.untagged_days * 86400}s"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "node" {
  for_each = toset(["charts", "images"])

  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.main[each.key].repository_id
  role       = "roles/artifactregistry.reader"
  member     = var.node_member
}
