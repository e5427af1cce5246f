include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/database")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { database = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/database" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    network_id                  = "projects/meshproof-mock/global/networks/mock"
    private_services_range_name = "mock-private-services"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  environment    = local.env.environment
  project        = local.env.gcp_project
  region         = local.location.gcp_region
  key_id         = dependency.kms.outputs.key_ids.database
  administrators = "database-administrators@${local.env.domain}"

  network_id                  = dependency.network.outputs.network_id
  private_services_range_name = dependency.network.outputs.private_services_range_name

  major_version       = 15
  tier                = local.env.gcp_database.tier
  disk_gb             = local.env.gcp_database.disk_gb
  disk_limit_gb       = local.env.gcp_database.disk_limit_gb
  max_connections     = local.env.gcp_database.max_connections
  slot_retention_gb   = local.env.gcp_database.slot_retention_gb
  deletion_protection = local.env.gcp_database.deletion_protection

  backup_retention_days          = local.env.gcp_database.backup_retention_days
  backup_start_time              = "00:30"
  transaction_log_retention_days = local.env.gcp_database.transaction_log_retention_days

  databases = {
    orders   = "orders"
    payments = "payments"
  }

  failover = {
    account_id = local.env.account_id
    roles      = ["shop-${local.env.environment}-global-keeper", "shop-${local.env.environment}-global-operator"]
  }

  frozen_season = {
    start_date = "11-15"
    end_date   = "12-31"
  }

  maintenance_window = {
    day  = 2
    hour = 3
  }

  zones = {
    primary   = "${local.location.gcp_region}-a"
    secondary = "${local.location.gcp_region}-b"
  }
}
