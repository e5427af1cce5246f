locals {
  # The cluster that the import writes to.
  _importer = keys(var.zones)[0]
}

resource "google_bigtable_instance" "main" {
  project      = var.project
  name         = var.name
  display_name = var.name

  deletion_protection = var.deletion_protection
  force_destroy       = false

  dynamic "cluster" {
    for_each = var.zones
    content {
      cluster_id   = "${var.name}-${cluster.key}"
      zone         = cluster.value
      storage_type = "SSD"
      kms_key_name = var.key_id

      autoscaling_config {
        min_nodes      = var.nodes.min
        max_nodes      = var.nodes.max
        cpu_target     = var.cpu_target_percent
        storage_target = 2560
      }
    }
  }
}

resource "google_bigtable_table" "main" {
  for_each = var.tables

  project       = var.project
  instance_name = google_bigtable_instance.main.name
  name          = each.key

  deletion_protection     = var.deletion_protection ? "PROTECTED" : "UNPROTECTED"
  change_stream_retention = "${var.change_stream_retention_days * 24}h0m0s"

  column_family {
    family = "item"
  }

  automated_backup_policy {
    frequency        = "24h0m0s"
    retention_period = "${var.backup_retention_days * 24}h0m0s"
  }
}

# An age here would drop items that the source still has; what expires there is
# deleted by the import.
resource "google_bigtable_gc_policy" "main" {
  for_each = var.tables

  project         = var.project
  instance_name   = google_bigtable_instance.main.name
  table           = google_bigtable_table.main[each.key].name
  column_family   = "item"
  deletion_policy = "ABANDON"

  max_version {
    number = 1
  }
}

resource "google_bigtable_app_profile" "serving" {
  project        = var.project
  instance       = google_bigtable_instance.main.name
  app_profile_id = "serving"
  description    = "The services: any cluster that answers"

  multi_cluster_routing_use_any = true
  ignore_warnings               = false

  standard_isolation {
    priority = "PRIORITY_HIGH"
  }
}

resource "google_bigtable_app_profile" "import" {
  project        = var.project
  instance       = google_bigtable_instance.main.name
  app_profile_id = "import"
  description    = "The copy from the primary: one cluster, behind the services"

  ignore_warnings = false

  single_cluster_routing {
    cluster_id                 = "${var.name}-${local._importer}"
    allow_transactional_writes = true
  }

  standard_isolation {
    priority = "PRIORITY_LOW"
  }
}
