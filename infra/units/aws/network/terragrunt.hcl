include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/network")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns      = { logs = "arn:aws:kms:eu-west-1:111122223333:key/mock" }
    peer_key_arns = { logs = "arn:aws:kms:eu-central-1:111122223333:key/mock" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id           = local.env.account_id
  cluster_name         = "shop-${local.env.environment}-${local.location.name}"
  key_arn              = dependency.kms.outputs.key_arns.logs
  name                 = "shop-${local.env.environment}-${local.location.name}"
  nat_gateway_per_zone = local.env.aws_network.nat_gateway_per_zone
  peer_key_arn         = dependency.kms.outputs.peer_key_arns.logs
  peer_region          = local.location.aws_peer_region
  peer_vpc_cidr        = local.env.networks.peer
  peer_zones           = local.env.aws_network.peer_zones
  region               = local.location.aws_region
  retention_days       = local.env.aws_network.retention_days
  trusted_cidrs = {
    standby      = local.env.networks.standby
    standby_pods = local.env.networks.standby_pods
  }
  vpc_cidr = local.env.networks.primary
  zones    = local.env.aws_network.zones
}
