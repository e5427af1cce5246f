resource "google_gke_backup_backup_plan" "main" {
  project     = var.project
  name        = var.name
  location    = var.region
  cluster     = var.cluster_id
  description = "Daily backup of ${var.name}"
  deactivated = false

  backup_config {
    all_namespaces      = true
    include_secrets     = false
    include_volume_data = true
    permissive_mode     = false

    encryption_key {
      gcp_kms_encryption_key = var.key_id
    }
  }

  backup_schedule {
    cron_schedule = var.schedule
    paused        = false
  }

  retention_policy {
    backup_delete_lock_days = var.delete_lock_days
    backup_retain_days      = var.retention_days
    locked                  = var.retention_locked
  }
}

# What git brings is there already and stays; volumes come from the backup.
resource "google_gke_backup_restore_plan" "main" {
  project     = var.project
  name        = var.name
  location    = var.region
  cluster     = var.cluster_id
  backup_plan = google_gke_backup_backup_plan.main.id
  description = "Restore of ${var.name} into itself"

  restore_config {
    selected_namespaces {
      namespaces = var.restored_namespaces
    }

    namespaced_resource_restore_mode = "MERGE_REPLACE_VOLUME_ON_CONFLICT"
    volume_data_restore_policy       = "RESTORE_VOLUME_DATA_FROM_BACKUP"
    cluster_resource_conflict_policy = "USE_EXISTING_VERSION"

    cluster_resource_restore_scope {
      no_group_kinds = true
    }
  }
}
