include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/database")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      database = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      logs     = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      secrets  = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
    peer_key_arns = {
      database = "arn:aws:kms:eu-central-1:111122223333:key/mock"
      logs     = "arn:aws:kms:eu-central-1:111122223333:key/mock"
      secrets  = "arn:aws:kms:eu-central-1:111122223333:key/mock"
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
    peer_data_subnet_ids = {
      eu-central-1a = "subnet-mock-a"
      eu-central-1b = "subnet-mock-b"
      eu-central-1c = "subnet-mock-c"
    }
    peer_vpc_cidr = "10.1.0.0/16"
    peer_vpc_id   = "vpc-mock-peer"
    vpc_cidr      = "10.0.0.0/16"
    vpc_id        = "vpc-mock"
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
  account_id                = local.env.account_id
  alarm_memory_gb           = local.env.aws_database.alarm_memory_gb
  alarm_replication_lag_ms  = 5000
  alarm_slot_lag_gb         = local.env.aws_database.alarm_slot_lag_gb
  alarm_topic_arn           = dependency.observability.outputs.alarm_topic_arn
  backup_retention_days     = local.env.aws_database.backup_retention_days
  backup_window             = "01:00-02:00"
  data_subnet_ids           = dependency.network.outputs.data_subnet_ids
  deletion_protection       = local.env.aws_database.deletion_protection
  engine_version            = "15.12"
  instance_class            = local.env.aws_database.instance_class
  instances                 = local.env.aws_database.instances
  maintenance_window        = "sun:02:30-sun:03:30"
  master_password_version   = local.env.aws_database.master_password_version
  master_username           = "platform"
  monitoring_interval_s     = 15
  name                      = "shop-${local.env.environment}-${local.location.name}"
  node_security_group_id    = dependency.cluster.outputs.node_security_group_id
  peer_alarm_topic_arn      = dependency.observability.outputs.peer_alarm_topic_arn
  peer_data_subnet_ids      = dependency.network.outputs.peer_data_subnet_ids
  peer_instances            = local.env.aws_database.peer_instances
  peer_region               = local.location.aws_peer_region
  peer_vpc_cidr             = dependency.network.outputs.peer_vpc_cidr
  peer_vpc_id               = dependency.network.outputs.peer_vpc_id
  performance_insights_days = local.env.aws_database.performance_insights_days
  port                      = 5432
  recovery_point_s          = 60
  recovery_window_days      = 30
  region                    = local.location.aws_region
  retention_days            = local.env.aws_database.retention_days
  subscriber_cidr           = local.env.networks.standby
  vpc_cidr                  = dependency.network.outputs.vpc_cidr
  vpc_id                    = dependency.network.outputs.vpc_id

  databases = {
    orders   = "orders"
    payments = "payments"
  }

  key_arns = {
    database = dependency.kms.outputs.key_arns.database
    logs     = dependency.kms.outputs.key_arns.logs
    secrets  = dependency.kms.outputs.key_arns.secrets
  }

  peer_key_arns = {
    database = dependency.kms.outputs.peer_key_arns.database
    logs     = dependency.kms.outputs.peer_key_arns.logs
    secrets  = dependency.kms.outputs.peer_key_arns.secrets
  }
}
