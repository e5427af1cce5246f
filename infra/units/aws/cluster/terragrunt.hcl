include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/cluster")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      cluster = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      logs    = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    private_subnet_ids = {
      eu-west-1a = "subnet-mock-a"
      eu-west-1b = "subnet-mock-b"
      eu-west-1c = "subnet-mock-c"
    }
    vpc_cidr = "10.0.0.0/16"
    vpc_id   = "vpc-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  access             = local.env.aws_cluster.access
  account_id         = local.env.account_id
  addon_versions     = local.env.aws_cluster.addon_versions
  kubernetes_version = local.env.aws_cluster.kubernetes_version
  name               = "shop-${local.env.environment}-${local.location.name}"
  node_groups        = local.env.aws_cluster.node_groups
  retention_days     = local.env.aws_cluster.retention_days
  subnet_ids         = dependency.network.outputs.private_subnet_ids
  key_arns = {
    cluster = dependency.kms.outputs.key_arns.cluster
    logs    = dependency.kms.outputs.key_arns.logs
  }
  mesh_peer_cidrs = {
    standby = local.env.networks.standby
  }

  network = {
    vpc_cidr = dependency.network.outputs.vpc_cidr
    vpc_id   = dependency.network.outputs.vpc_id
  }
  node_tags = {
    cost-centre         = local.env.cost_centre
    data-classification = local.env.data_classification
    environment         = local.env.environment
    environment-class   = local.env.class
    location            = local.location.name
    owner               = "platform"
  }
}
