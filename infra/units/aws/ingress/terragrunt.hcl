include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/ingress")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = { logs = "arn:aws:kms:eu-west-1:111122223333:key/mock" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    edge_subnet_ids = {
      eu-west-1a = "subnet-mock-a"
      eu-west-1b = "subnet-mock-b"
      eu-west-1c = "subnet-mock-c"
    }
    vpc_id = "vpc-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    node_security_group_id = "sg-mock"
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
  account_id             = local.env.account_id
  deletion_protection    = local.env.aws_ingress.deletion_protection
  domain                 = local.env.domain
  edge_cidrs             = local.env.edge_cidrs
  key_arn                = dependency.kms.outputs.key_arns.logs
  name                   = "shop-${local.env.environment}-${local.location.name}"
  node_security_group_id = dependency.cluster.outputs.node_security_group_id
  rate_limit_per_5_min   = local.env.aws_ingress.rate_limit_per_5_min
  region                 = local.location.aws_region
  retention_days         = local.env.aws_ingress.retention_days
  subnet_ids             = dependency.network.outputs.edge_subnet_ids
  zone_id                = dependency.global_dns.outputs.zone_id
  network = {
    vpc_id = dependency.network.outputs.vpc_id
  }
}
