include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/network")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    project = "meshproof-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name          = "shop-${local.env.environment}-${local.location.name}"
  project       = dependency.kms.outputs.project
  region        = local.location.gcp_region
  network_cidr  = local.env.networks.standby
  pods_cidr     = local.env.networks.standby_pods
  services_cidr = local.env.networks.standby_services

  flow_log_share = local.env.gcp_network.flow_log_share

  remote_cidrs = {
    peer    = local.env.networks.peer
    primary = local.env.networks.primary
  }
}
