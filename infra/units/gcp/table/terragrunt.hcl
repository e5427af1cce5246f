include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/table")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { table = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/table" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name    = "shop-${local.env.environment}-${local.location.name}"
  project = local.env.gcp_project
  key_id  = dependency.kms.outputs.key_ids.table

  zones               = local.env.gcp_table.zones
  nodes               = local.env.gcp_table.nodes
  cpu_target_percent  = 60
  deletion_protection = local.env.gcp_table.deletion_protection

  backup_retention_days        = local.env.gcp_table.backup_retention_days
  change_stream_retention_days = 7

  tables = ["catalogue", "notifications"]
}
