resource "google_project_iam_audit_config" "main" {
  project = var.project
  service = "allServices"

  audit_log_config {
    log_type = "ADMIN_READ"
  }

  audit_log_config {
    log_type = "DATA_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_storage_bucket" "main" {
  project       = var.project
  name          = "${var.project}-audit"
  location      = var.region
  storage_class = "STANDARD"
  force_destroy = false

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  encryption {
    default_kms_key_name = var.key_id
  }

  # A locked retention and versions exclude each other; nothing can be
  # overwritten here anyway.
  retention_policy {
    retention_period = var.retention_days * 86400
    is_locked        = var.retention_locked
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }

    condition {
      age = 90
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age = var.retention_days + 30
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_logging_project_sink" "main" {
  project                = var.project
  name                   = "${var.name}-audit"
  description            = "Every audit log, to where it cannot be changed"
  destination            = "storage.googleapis.com/${google_storage_bucket.main.name}"
  filter                 = "logName:\"cloudaudit.googleapis.com\" OR logName:\"externalaudit.googleapis.com\""
  unique_writer_identity = true
}

resource "google_storage_bucket_iam_member" "writer" {
  bucket = google_storage_bucket.main.name
  role   = "roles/storage.objectCreator"
  member = google_logging_project_sink.main.writer_identity
}

resource "google_essential_contacts_contact" "main" {
  for_each = var.contacts

  parent                              = "projects/${var.project}"
  email                               = each.key
  language_tag                        = "en"
  notification_category_subscriptions = each.value
}
