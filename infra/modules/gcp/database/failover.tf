# The third place runs the promotion, and runs it against this instance too: the
# functions' own AWS roles are admitted here, by name, without a key.
resource "google_iam_workload_identity_pool" "failover" {
  project                   = var.project
  workload_identity_pool_id = "failover"
  display_name              = "Failover of ${var.environment}"
  description               = "Functions that run the promotion and keep the lease"
  disabled                  = false
}

resource "google_iam_workload_identity_pool_provider" "failover" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.failover.workload_identity_pool_id
  workload_identity_pool_provider_id = "aws"
  display_name                       = "AWS"
  disabled                           = false

  attribute_mapping = {
    "google.subject" = "assertion.arn.extract('assumed-role/{role}/')"
  }

  attribute_condition = "assertion.arn.extract('assumed-role/{role}/') in ${jsonencode(var.failover.roles)}"

  aws {
    account_id = var.failover.account_id
  }
}

resource "google_service_account" "failover" {
  project      = var.project
  account_id   = "failover"
  display_name = "Failover of ${var.environment}"
}

resource "google_service_account_iam_member" "failover" {
  for_each = toset(var.failover.roles)

  service_account_id = google_service_account.failover.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principal://iam.googleapis.com/${google_iam_workload_identity_pool.failover.name}/subject/${each.key}"
}

# To run a statement and to log in for it; the instance itself stays as it is.
resource "google_project_iam_custom_role" "failover" {
  project     = var.project
  role_id     = "databaseFailover"
  title       = "Database failover"
  description = "Runs statements of the promotion"
  stage       = "GA"

  permissions = [
    "cloudsql.instances.executeSql",
    "cloudsql.instances.get",
    "cloudsql.instances.login",
  ]
}

resource "google_project_iam_member" "failover" {
  project = var.project
  role    = google_project_iam_custom_role.failover.id
  member  = google_service_account.failover.member

  condition {
    title      = "${var.name} only"
    expression = local._own_instance
  }
}

resource "google_sql_user" "failover" {
  project  = var.project
  instance = google_sql_database_instance.main.name
  name     = trimsuffix(google_service_account.failover.email, ".gserviceaccount.com")
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"

  deletion_policy = "ABANDON"
}

locals {
  _own_instance = join(" && ", [
    "resource.type == 'sqladmin.googleapis.com/Instance'",
    "resource.name == 'projects/${var.project}/instances/${google_sql_database_instance.main.name}'",
  ])
}
