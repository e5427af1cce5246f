include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/table")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      table = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
    peer_key_arns = {
      table = "arn:aws:kms:eu-central-1:111122223333:key/mock"
    }
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
  account_id                   = local.env.account_id
  alarm_replication_latency_ms = 5000
  alarm_topic_arn              = dependency.observability.outputs.alarm_topic_arn
  deletion_protection          = local.env.aws_table.deletion_protection
  key_arn                      = dependency.kms.outputs.key_arns.table
  name                         = "shop-${local.env.environment}-${local.location.name}"
  peer_key_arn                 = dependency.kms.outputs.peer_key_arns.table
  peer_region                  = local.location.aws_peer_region
  recovery_period_days         = local.env.aws_table.recovery_period_days

  export = {
    lock_days      = local.env.aws_table.export_lock_days
    lock_mode      = local.env.aws_table.export_lock_mode
    retention_days = local.env.aws_table.export_retention_days
    schedule       = "cron(0 2 * * ? *)"
  }

  tables = {
    catalogue = {
      attributes = { category = "S", sku = "S" }
      hash_key   = "sku"
      indexes    = { by-category = { hash_key = "category", range_key = "sku" } }
    }
    notifications = {
      attributes    = { event_id = "S", recipient = "S" }
      hash_key      = "recipient"
      range_key     = "event_id"
      ttl_attribute = "expires_at"
    }
  }
}
