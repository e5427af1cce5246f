include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/audit")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { logs = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/logs" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name    = "shop-${local.env.environment}-${local.location.name}"
  project = local.env.gcp_project
  region  = local.location.gcp_region
  key_id  = dependency.kms.outputs.key_ids.logs

  retention_days   = local.env.gcp_audit.retention_days
  retention_locked = local.env.gcp_audit.retention_locked

  contacts = {
    "platform@${local.env.domain}" = ["BILLING", "SUSPENSION", "TECHNICAL", "TECHNICAL_INCIDENTS"]
    "security@${local.env.domain}" = ["LEGAL", "SECURITY"]
  }
}
