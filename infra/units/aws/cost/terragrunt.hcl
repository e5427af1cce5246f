include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/cost")
}

dependency "state" {
  config_path = "../state"
  mock_outputs = {
    access_log_bucket = "mock-access-log"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "incident" {
  config_path = "../incident"
  mock_outputs = {
    ticket_topic_arn = "arn:aws:sns:eu-north-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name              = "shop-${local.env.environment}-${local.location.name}"
  environment       = local.env.environment
  account_id        = local.env.account_id
  region            = local.location.aws_region
  addresses         = ["platform@${local.env.domain}"]
  anomaly_usd       = local.env.aws_cost.anomaly_usd
  commitments       = local.env.aws_cost.commitments
  monthly_usd       = local.env.aws_cost.monthly_usd
  retention_days    = local.env.aws_cost.retention_days
  access_log_bucket = dependency.state.outputs.access_log_bucket
  topic_arn         = dependency.incident.outputs.ticket_topic_arn
}
