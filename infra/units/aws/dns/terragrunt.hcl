include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/dns")
}

dependency "incident" {
  config_path = "../incident"
  mock_outputs = {
    peer_topic_arn = "arn:aws:sns:us-east-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  environment    = local.env.environment
  account_id     = local.env.account_id
  peer_region    = local.location.aws_peer_region
  domain         = local.env.domain
  retention_days = local.env.aws_dns.retention_days
  topic_arn      = dependency.incident.outputs.peer_topic_arn

  caa = {
    authorities = ["amazon.com", "letsencrypt.org", "pki.goog"]
    contact     = "security@${local.env.domain}"
    ttl_s       = 3600
  }
}
