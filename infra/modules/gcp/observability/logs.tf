locals {
  _buckets = {
    platform = {
      description = "Control planes, networks and managed services"
      filter      = "NOT resource.type=\"k8s_container\" AND NOT logName:\"cloudaudit.googleapis.com\""
    }
    workload = {
      description = "Containers of the cluster"
      filter      = "resource.type=\"k8s_container\""
    }
  }
}

resource "google_logging_project_bucket_config" "main" {
  for_each = local._buckets

  project          = var.project
  location         = var.region
  bucket_id        = "${var.name}-${each.key}"
  description      = each.value.description
  retention_days   = var.retention_days
  enable_analytics = true
  locked           = var.retention_locked

  cmek_settings {
    kms_key_name = var.key_id
  }
}

resource "google_logging_project_sink" "main" {
  for_each = local._buckets

  project                = var.project
  name                   = "${var.name}-${each.key}"
  description            = each.value.description
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.main[each.key].id}"
  filter                 = each.value.filter
  unique_writer_identity = true
}

# Kept above already; the default bucket is neither encrypted with our key nor
# in our region.
resource "google_logging_project_sink" "default" {
  project                = var.project
  name                   = "_Default"
  description            = "Off: the buckets of the region take its place"
  destination            = "logging.googleapis.com/projects/${var.project}/locations/global/buckets/_Default"
  filter                 = "NOT LOG_ID(\"cloudaudit.googleapis.com/activity\") AND NOT LOG_ID(\"externalaudit.googleapis.com/activity\")"
  disabled               = true
  unique_writer_identity = true
}
