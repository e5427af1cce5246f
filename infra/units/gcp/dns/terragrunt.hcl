include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/dns")
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    network_id = "projects/meshproof-mock/global/networks/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "ingress" {
  config_path = "../ingress"

  mock_outputs = {
    address = "203.0.113.1"
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
  project    = local.env.gcp_project
  domain     = local.env.domain
  subdomain  = local.location.name
  network_id = dependency.network.outputs.network_id
  zone_id    = dependency.global_dns.outputs.zone_id

  delegation_signers = local.env.gcp_dns.delegation_signers
  delegation_ttl_s   = 3600

  probe = {
    address = dependency.ingress.outputs.address
    ttl_s   = 60
  }
}
