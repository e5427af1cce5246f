include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/stream")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      logs   = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      stream = "arn:aws:kms:eu-west-1:111122223333:key/mock"
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
    alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  alarm_topic_arn        = dependency.observability.outputs.alarm_topic_arn
  broker_count           = 3
  data_subnet_ids        = dependency.network.outputs.data_subnet_ids
  instance_type          = local.env.aws_stream.instance_type
  kafka_version          = "3.9.x.kraft"
  log_retention_hours    = 168
  name                   = "shop-${local.env.environment}-${local.location.name}"
  node_security_group_id = dependency.cluster.outputs.node_security_group_id
  retention_days         = local.env.aws_stream.retention_days
  volume_gb              = local.env.aws_stream.volume_gb
  volume_max_gb          = local.env.aws_stream.volume_max_gb
  vpc_id                 = dependency.network.outputs.vpc_id

  key_arns = {
    logs   = dependency.kms.outputs.key_arns.logs
    stream = dependency.kms.outputs.key_arns.stream
  }

  topics = {
    orders   = { name = "orders.events" }
    payments = { name = "payments.events" }
  }
}
