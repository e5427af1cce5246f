include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/observability")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { logs = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/logs" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "database" {
  config_path = "../database"

  mock_outputs = {
    instance_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    instance_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "ingress" {
  config_path = "../ingress"

  mock_outputs = {
    backend_service_name = "mock-gateway"
    host                 = "shop.mock.meshproof.example"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  project        = local.env.gcp_project
  project_number = local.env.gcp_project_number
  region         = local.location.gcp_region
  key_id         = dependency.kms.outputs.key_ids.logs

  backend_service_name   = dependency.ingress.outputs.backend_service_name
  database_instance_name = dependency.database.outputs.instance_name
  host                   = dependency.ingress.outputs.host
  table_instance_name    = dependency.table.outputs.instance_name

  alarm_connections = local.env.gcp_observability.alarm_connections
  alarm_email       = "platform@${local.env.domain}"
  retention_days    = local.env.gcp_observability.retention_days
  retention_locked  = local.env.gcp_observability.retention_locked
  uptime_path       = "/healthz/ready"
}
