include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/secrets")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_ids = { secrets = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/secrets" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    cluster_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "database" {
  config_path = "../database"

  mock_outputs = {
    databases = { orders = "orders", payments = "payments" }
    endpoint  = "mock.europe-west4.sql-psa.goog"
    port      = 5432
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cache" {
  config_path = "../cache"

  mock_outputs = {
    endpoint = "10.2.16.2"
    port     = 6379
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    table_names = { catalogue = "catalogue", notifications = "notifications" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "stream" {
  config_path = "../stream"

  mock_outputs = {
    endpoint    = "europe-west4-pubsub.googleapis.com:443"
    topic_names = { orders = "orders-events", payments = "payments-events" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "registry" {
  config_path = "../registry"

  mock_outputs = {
    image_registry_url = "europe-west4-docker.pkg.dev/meshproof-mock/mock-images"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "ingress" {
  config_path = "../ingress"

  mock_outputs = {
    host     = "shop.mock.meshproof.example"
    neg_name = "mock-gateway"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "dns" {
  config_path = "../dns"

  mock_outputs = {
    domain = "standby.mock.meshproof.example"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  project        = local.env.gcp_project
  project_number = local.env.gcp_project_number
  region         = local.location.gcp_region
  key_id         = dependency.kms.outputs.key_ids.secrets

  deletion_protection  = local.env.gcp_secrets.deletion_protection
  first_rotation_time  = local.env.gcp_secrets.first_rotation_time
  recovery_window_days = local.env.gcp_secrets.recovery_window_days

  secrets = {
    orders-database = {
      description   = "Role of the service orders in its database"
      rotation_days = 30
    }
    mesh-signer = {
      description = "Intermediate certificate and key with which the mesh signs identities; its owner sets the value"
      rotation_days = 90
    }
    pager = {
      description   = "Routing key of the pager"
      rotation_days = 90
    }
    payments-database = {
      description   = "Role of the service payments in its database"
      rotation_days = 30
    }
  }

  facts = {
    cache_host               = dependency.cache.outputs.endpoint
    cache_port               = dependency.cache.outputs.port
    catalogue_table          = dependency.table.outputs.table_names.catalogue
    cluster_name             = dependency.cluster.outputs.cluster_name
    domain                   = local.env.domain
    environment              = local.env.environment
    external_dns_owner       = dependency.cluster.outputs.cluster_name
    external_dns_zone        = dependency.dns.outputs.domain
    gateway_neg_name         = dependency.ingress.outputs.neg_name
    gateway_target_group_arn = "none"
    image_registry           = dependency.registry.outputs.image_registry_url
    notifications_table      = dependency.table.outputs.table_names.notifications
    orders_database_host     = dependency.database.outputs.endpoint
    orders_database_name     = dependency.database.outputs.databases.orders
    orders_database_port     = dependency.database.outputs.port
    orders_topic             = dependency.stream.outputs.topic_names.orders
    payments_database_host   = dependency.database.outputs.endpoint
    payments_database_name   = dependency.database.outputs.databases.payments
    payments_database_port   = dependency.database.outputs.port
    payments_topic           = dependency.stream.outputs.topic_names.payments
    peer_site_region = local.location.aws_region
    project_or_account       = local.env.gcp_project
    region                   = local.location.gcp_region
    shop_host                = dependency.ingress.outputs.host
    site                     = local.location.name
    stream_bootstrap         = dependency.stream.outputs.endpoint
  }
}
