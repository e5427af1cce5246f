include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/stream")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { stream = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/stream" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  project        = local.env.gcp_project
  project_number = local.env.gcp_project_number
  region         = local.location.gcp_region
  key_id         = dependency.kms.outputs.key_ids.stream

  ack_deadline_s        = 60
  max_delivery_attempts = 10
  retention_days        = local.env.gcp_stream.retention_days

  bridge = {
    account_id = local.env.account_id
    role       = "shop-${local.env.environment}-primary-data-stream-bridge"
  }

  retry_backoff_s = {
    min = 10
    max = 600
  }

  topics = {
    orders   = { consumers = ["notifications"] }
    payments = { consumers = ["notifications"] }
  }
}
