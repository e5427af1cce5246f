include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/cache")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      cache = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      logs  = "arn:aws:kms:eu-west-1:111122223333:key/mock"
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
    node_security_group_id = "sg-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "observability" {
  config_path = "../observability"

  mock_outputs = {
    alarm_topic_arn      = "arn:aws:sns:eu-west-1:111122223333:mock"
    peer_alarm_topic_arn = "arn:aws:sns:eu-central-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  alarm_topic_arn         = dependency.observability.outputs.alarm_topic_arn
  data_subnet_ids         = dependency.network.outputs.data_subnet_ids
  engine_version          = "8.0"
  maintenance_window      = "sun:02:30-sun:03:30"
  name                    = "shop-${local.env.environment}-${local.location.name}"
  node_security_group_id  = dependency.cluster.outputs.node_security_group_id
  node_type               = local.env.aws_cache.node_type
  port                    = 6379
  replica_count           = 2
  retention_days          = local.env.aws_cache.retention_days
  snapshot_retention_days = local.env.aws_cache.snapshot_retention_days
  snapshot_window         = "00:00-01:00"
  vpc_id                  = dependency.network.outputs.vpc_id

  key_arns = {
    cache = dependency.kms.outputs.key_arns.cache
    logs  = dependency.kms.outputs.key_arns.logs
  }

  users = {
    catalogue = { key_prefix = "catalogue:" }
  }
}
