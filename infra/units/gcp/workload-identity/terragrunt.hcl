include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/workload-identity")
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    workload_pool = "meshproof-mock.svc.id.goog"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "database" {
  config_path = "../database"

  mock_outputs = {
    instance_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cache" {
  config_path = "../cache"

  mock_outputs = {
    instance_id = "projects/meshproof-mock/locations/europe-west4/instances/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    instance_name = "mock"
    table_names   = { catalogue = "catalogue", notifications = "notifications" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "stream" {
  config_path = "../stream"

  mock_outputs = {
    subscription_names = {
      "orders/notifications"   = "orders-events-notifications"
      "payments/notifications" = "payments-events-notifications"
    }
    topic_names = { orders = "orders-events", payments = "payments-events" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "secrets" {
  config_path = "../secrets"

  mock_outputs = {
    facts_secret_id = "platform-facts"
    secret_ids = {
      orders-database   = "mock-orders-database"
      pager             = "mock-pager"
      payments-database = "mock-payments-database"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "dns" {
  config_path = "../dns"

  mock_outputs = {
    zone_name = "mock-public"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  project        = local.env.gcp_project
  project_number = local.env.gcp_project_number
  workload_pool  = dependency.cluster.outputs.workload_pool

  cache_instance_id      = dependency.cache.outputs.instance_id
  database_instance_name = dependency.database.outputs.instance_name
  dns_zone_name          = dependency.dns.outputs.zone_name
  facts_secret_id        = dependency.secrets.outputs.facts_secret_id
  secret_ids             = dependency.secrets.outputs.secret_ids
  subscription_names     = dependency.stream.outputs.subscription_names
  topic_names            = dependency.stream.outputs.topic_names

  tables = {
    instance_name = dependency.table.outputs.instance_name
    names         = dependency.table.outputs.table_names
  }
}
