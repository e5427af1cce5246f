resource "google_sql_database_instance" "main" {
  project          = var.project
  name             = var.name
  region           = var.region
  database_version = "POSTGRES_${var.major_version}"
  instance_type    = "CLOUD_SQL_INSTANCE"

  encryption_key_name = var.key_id
  deletion_protection = var.deletion_protection

  settings {
    edition           = "ENTERPRISE_PLUS"
    tier              = var.tier
    availability_type = "REGIONAL"
    activation_policy = "ALWAYS"
    pricing_plan      = "PER_USE"

    deletion_protection_enabled = var.deletion_protection
    retain_backups_on_delete    = true

    disk_type             = "PD_SSD"
    disk_size             = var.disk_gb
    disk_autoresize       = true
    disk_autoresize_limit = var.disk_limit_gb

    connector_enforcement        = "NOT_REQUIRED"
    enable_google_ml_integration = false

    location_preference {
      zone           = var.zones.primary
      secondary_zone = var.zones.secondary
    }

    data_cache_config {
      data_cache_enabled = true
    }

    ip_configuration {
      ipv4_enabled       = false
      private_network    = var.network_id
      allocated_ip_range = var.private_services_range_name
      ssl_mode           = "ENCRYPTED_ONLY"
      server_ca_mode     = "GOOGLE_MANAGED_CAS_CA"

      enable_private_path_for_google_cloud_services = false
    }

    backup_configuration {
      enabled                        = true
      location                       = var.region
      start_time                     = var.backup_start_time
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.transaction_log_retention_days

      backup_retention_settings {
        retention_unit   = "COUNT"
        retained_backups = var.backup_retention_days
      }
    }

    maintenance_window {
      day          = var.maintenance_window.day
      hour         = var.maintenance_window.hour
      update_track = "stable"
    }

    deny_maintenance_period {
      start_date = var.frozen_season.start_date
      end_date   = var.frozen_season.end_date
      time       = "00:00:00"
    }

    password_validation_policy {
      enable_password_policy      = true
      complexity                  = "COMPLEXITY_DEFAULT"
      disallow_username_substring = true
      min_length                  = 24
      reuse_interval              = 5
    }

    insights_config {
      query_insights_enabled  = true
      query_plans_per_minute  = 5
      query_string_length     = 1024
      record_application_tags = true
      record_client_address   = true
    }

    dynamic "database_flags" {
      for_each = local._flags
      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }
  }

  # Growth of the disk is not drift, and a failover exchanges the zones.
  lifecycle {
    ignore_changes = [
      settings[0].disk_size,
      settings[0].location_preference,
    ]
  }
}

resource "google_sql_database" "main" {
  for_each = var.databases

  project  = var.project
  instance = google_sql_database_instance.main.name
  name     = each.value

  charset         = "UTF8"
  collation       = "en_US.UTF8"
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "administrators" {
  project  = var.project
  instance = google_sql_database_instance.main.name
  name     = var.administrators
  type     = "CLOUD_IAM_GROUP"

  deletion_policy = "ABANDON"
}

# Being a user of the instance is one thing, being let in is another.
resource "google_project_iam_member" "administrators" {
  project = var.project
  role    = "roles/cloudsql.instanceUser"
  member  = "group:${var.administrators}"

  condition {
    title      = "${var.name} only"
    expression = local._own_instance
  }
}
