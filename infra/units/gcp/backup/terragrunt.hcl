include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/backup")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { backup = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/backup" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    cluster_id = "projects/meshproof-mock/locations/europe-west4/clusters/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name       = "shop-${local.env.environment}-${local.location.name}"
  project    = local.env.gcp_project
  region     = local.location.gcp_region
  key_id     = dependency.kms.outputs.key_ids.backup
  cluster_id = dependency.cluster.outputs.cluster_id

  delete_lock_days = local.env.gcp_backup.delete_lock_days
  retention_days   = local.env.gcp_backup.retention_days
  retention_locked = local.env.gcp_backup.retention_locked

  restored_namespaces = ["monitoring", "shop"]
  schedule            = "30 1 * * *"
}
