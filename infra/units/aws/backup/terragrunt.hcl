include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/backup")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      backup = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      table  = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
    peer_key_arns = {
      backup = "arn:aws:kms:eu-central-1:111122223333:key/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    vpc_id = "vpc-mock"
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

dependency "database" {
  config_path = "../database"

  mock_outputs = {
    cluster_arn       = "arn:aws:rds:eu-west-1:111122223333:cluster:mock"
    subnet_group_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    table_arns = {
      catalogue     = "arn:aws:dynamodb:eu-west-1:111122223333:table/mock"
      notifications = "arn:aws:dynamodb:eu-west-1:111122223333:table/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_ci" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/ci"

  mock_outputs = {
    role_arns = { apply = "arn:aws:iam::111122223333:role/mock" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id             = local.env.account_id
  administrator_role_arn = dependency.global_ci.outputs.role_arns.apply
  alarm_topic_arn        = dependency.observability.outputs.alarm_topic_arn
  environment            = local.env.environment
  keep_days              = local.env.aws_backup.keep_days
  key_arn                = dependency.kms.outputs.key_arns.backup
  lock                   = local.env.aws_backup.lock
  name                   = "shop-${local.env.environment}-${local.location.name}"
  peer_alarm_topic_arn   = dependency.observability.outputs.peer_alarm_topic_arn
  peer_key_arn           = dependency.kms.outputs.peer_key_arns.backup
  peer_region            = local.location.aws_peer_region
  retention_days         = local.env.aws_backup.retention_days
  vpc_id                 = dependency.network.outputs.vpc_id

  resource_arns = {
    catalogue     = dependency.table.outputs.table_arns.catalogue
    database      = dependency.database.outputs.cluster_arn
    notifications = dependency.table.outputs.table_arns.notifications
  }

  restore_test = {
    db_subnet_group         = dependency.database.outputs.subnet_group_name
    schedule                = "cron(0 8 ? * MON *)"
    selection_window_days   = 7
    table_key_arn           = dependency.kms.outputs.key_arns.table
    validation_window_hours = 4
  }
}
