include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/observability")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      logs = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
    peer_key_arns = {
      logs = "arn:aws:kms:eu-central-1:111122223333:key/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    data_subnet_ids = {
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
    cluster_name           = "shop-mock-primary"
    log_group_name         = "/aws/eks/mock/cluster"
    node_security_group_id = "sg-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_incident" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/incident"

  mock_outputs = {
    page_queue_arn = "arn:aws:sqs:eu-north-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id             = local.env.account_id
  audit_log_group_name   = dependency.cluster.outputs.log_group_name
  cluster_name           = dependency.cluster.outputs.cluster_name
  data_subnet_ids        = dependency.network.outputs.data_subnet_ids
  key_arn                = dependency.kms.outputs.key_arns.logs
  metrics_retention_days = local.env.aws_observability.metrics_retention_days
  name                   = "shop-${local.env.environment}-${local.location.name}"
  node_security_group_id = dependency.cluster.outputs.node_security_group_id
  page_queue_arn         = dependency.global_incident.outputs.page_queue_arn
  peer_key_arn           = dependency.kms.outputs.peer_key_arns.logs
  region                 = local.location.aws_region
  retention_days         = local.env.aws_observability.retention_days
  search                 = local.env.aws_observability.search
  subscribers            = { platform = "platform@${local.env.domain}" }
  vpc_id                 = dependency.network.outputs.vpc_id

  sampling = {
    reservoir_per_s = 1
    share           = local.env.aws_observability.sampled_share
  }
}
