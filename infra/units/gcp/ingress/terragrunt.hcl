include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/ingress")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    project = "meshproof-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_dns" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/dns"

  mock_outputs = {
    zone_id = "Z0000000000000"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name       = "shop-${local.env.environment}-${local.location.name}"
  project    = dependency.kms.outputs.project
  domain     = local.env.domain
  edge_cidrs = local.env.edge_cidrs
  zone_id    = dependency.global_dns.outputs.zone_id

  attack_sensitivity    = 2
  gateway_zones         = local.env.gcp_ingress.gateway_zones
  max_rate_per_endpoint = 500
  rate_limit_per_5_min  = local.env.aws_ingress.rate_limit_per_5_min
}
