resource "google_secret_manager_secret_iam_member" "main" {
  for_each = local._secret_grants

  project   = var.project
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member
}

resource "google_pubsub_topic_iam_member" "main" {
  for_each = local._topic_grants

  project = var.project
  topic   = each.value.topic
  role    = "roles/pubsub.publisher"
  member  = each.value.member
}

resource "google_pubsub_subscription_iam_member" "main" {
  for_each = local._subscription_grants

  project      = var.project
  subscription = each.value.subscription
  role         = "roles/pubsub.subscriber"
  member       = each.value.member
}

resource "google_bigtable_table_iam_member" "main" {
  for_each = local._table_grants

  project       = var.project
  instance_name = var.tables.instance_name
  table         = each.value.table
  role          = "roles/bigtable.user"
  member        = each.value.member
}

resource "google_dns_managed_zone_iam_member" "main" {
  for_each = local._zone_grants

  project      = var.project
  managed_zone = var.dns_zone_name
  role         = "roles/dns.admin"
  member       = each.value
}

# Zones are found by listing them, which only the project can allow.
resource "google_project_iam_member" "zones" {
  for_each = local._zone_grants

  project = var.project
  role    = "roles/dns.reader"
  member  = each.value
}

resource "google_project_iam_member" "database" {
  for_each = local._database_grants

  project = var.project
  role    = "roles/cloudsql.client"
  member  = each.value

  condition {
    title      = "${var.database_instance_name} only"
    expression = "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/${var.project}/instances/${var.database_instance_name}'"
  }
}

resource "google_project_iam_member" "cache" {
  for_each = local._cache_grants

  project = var.project
  role    = "roles/memorystore.dbConnectionUser"
  member  = each.value

  condition {
    title      = "The shop's cache only"
    expression = "resource.name == '${var.cache_instance_id}'"
  }
}

# Traces, logs and metrics know no resource below the project.
resource "google_project_iam_member" "main" {
  for_each = local._project_grants

  project = var.project
  role    = each.value.role
  member  = each.value.member
}
