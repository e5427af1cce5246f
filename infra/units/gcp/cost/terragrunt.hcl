include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/cost")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { logs = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/logs" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "observability" {
  config_path = "../observability"

  mock_outputs = {
    channel_ids = { mail = "projects/meshproof-mock/notificationChannels/1" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name            = "shop-${local.env.environment}-${local.location.name}"
  project         = local.env.gcp_project
  project_number  = local.env.gcp_project_number
  region          = local.location.gcp_region
  billing_account = local.env.gcp_billing_account
  key_id          = dependency.kms.outputs.key_ids.logs

  commitments = local.env.gcp_cost.commitments
  monthly_usd = local.env.gcp_cost.monthly_usd

  channel_ids = {
    mail = dependency.observability.outputs.channel_ids.mail
  }
}
