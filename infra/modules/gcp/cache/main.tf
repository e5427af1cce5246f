resource "google_network_connectivity_service_connection_policy" "main" {
  project       = var.project
  name          = var.name
  location      = var.region
  description   = "Lets Memorystore place its endpoints"
  network       = var.network_id
  service_class = "gcp-memorystore"

  psc_config {
    subnetworks = [var.subnet_id]
    limit       = "8"
  }
}

resource "google_memorystore_instance" "main" {
  project     = var.project
  instance_id = var.name
  location    = var.region

  engine_version = var.engine_version
  node_type      = var.node_type
  mode           = "CLUSTER_DISABLED"
  shard_count    = 1
  replica_count  = var.replica_count

  authorization_mode          = "IAM_AUTH"
  transit_encryption_mode     = "SERVER_AUTHENTICATION"
  kms_key                     = var.key_id
  deletion_protection_enabled = var.deletion_protection

  engine_configs = {
    "maxmemory-policy" = var.eviction_policy
  }

  desired_auto_created_endpoints {
    network    = var.network_id
    project_id = var.project
  }

  zone_distribution_config {
    mode = "MULTI_ZONE"
  }

  persistence_config {
    mode = "RDB"

    rdb_config {
      rdb_snapshot_period     = "ONE_HOUR"
      rdb_snapshot_start_time = var.snapshot_start_time
    }
  }

  automated_backup_config {
    retention = "${var.backup_retention_days * 86400}s"

    fixed_frequency_schedule {
      start_time {
        hours = var.backup_hour
      }
    }
  }

  maintenance_policy {
    weekly_maintenance_window {
      day = var.maintenance_window.day

      start_time {
        hours   = var.maintenance_window.hour
        minutes = 0
        seconds = 0
        nanos   = 0
      }
    }
  }

  depends_on = [google_network_connectivity_service_connection_policy.main]
}
