include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/cache")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { cache = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/cache" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    network_id = "projects/meshproof-mock/global/networks/mock"
    subnet_ids = {
      endpoints = "projects/meshproof-mock/regions/europe-west4/subnetworks/mock-endpoints"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name       = "shop-${local.env.environment}-${local.location.name}"
  project    = local.env.gcp_project
  region     = local.location.gcp_region
  key_id     = dependency.kms.outputs.key_ids.cache
  network_id = dependency.network.outputs.network_id
  subnet_id  = dependency.network.outputs.subnet_ids.endpoints

  engine_version      = "VALKEY_8_0"
  eviction_policy     = "volatile-lru"
  node_type           = local.env.gcp_cache.node_type
  replica_count       = local.env.gcp_cache.replica_count
  deletion_protection = local.env.gcp_cache.deletion_protection

  backup_hour           = 1
  backup_retention_days = local.env.gcp_cache.backup_retention_days
  snapshot_start_time   = "2026-01-05T00:00:00Z"

  maintenance_window = {
    day  = "TUESDAY"
    hour = 3
  }
}
