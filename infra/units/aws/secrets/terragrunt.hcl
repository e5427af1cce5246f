include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/secrets")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      logs    = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      secrets = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
    peer_key_arns = {
      secrets = "arn:aws:kms:eu-central-1:111122223333:key/mock"
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
    endpoint_security_group_id = "sg-mock"
    vpc_id                     = "vpc-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    cluster_name = "shop-mock-primary"
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

dependency "database" {
  config_path = "../database"

  mock_outputs = {
    databases         = { orders = "orders", payments = "payments" }
    endpoint          = "mock.cluster.eu-west-1.rds.amazonaws.com"
    master_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
    port              = 5432
    security_group_id = "sg-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cache" {
  config_path = "../cache"

  mock_outputs = {
    endpoint = "mock.cache.amazonaws.com"
    port     = 6379
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    table_names = { catalogue = "mock", notifications = "mock" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "stream" {
  config_path = "../stream"

  mock_outputs = {
    bootstrap_brokers = "mock.kafka.eu-west-1.amazonaws.com:9098"
    topic_names       = { orders = "orders.events", payments = "payments.events" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "registry" {
  config_path = "../registry"

  mock_outputs = {
    registry_url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "ingress" {
  config_path = "../ingress"

  mock_outputs = {
    host             = "shop.mock.example"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/mock/0123456789abcdef"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_dns" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/dns"

  mock_outputs = {
    zone_name = "mock.example"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id                 = local.env.account_id
  alarm_topic_arn            = dependency.observability.outputs.alarm_topic_arn
  data_subnet_ids            = dependency.network.outputs.data_subnet_ids
  endpoint_security_group_id = dependency.network.outputs.endpoint_security_group_id
  name                       = "shop-${local.env.environment}-${local.location.name}"
  peer_key_arn               = dependency.kms.outputs.peer_key_arns.secrets
  peer_region                = local.location.aws_peer_region
  recovery_window_days       = local.env.aws_secrets.recovery_window_days
  region                     = local.location.aws_region
  retention_days             = local.env.aws_secrets.retention_days
  vpc_id                     = dependency.network.outputs.vpc_id

  database = {
    host              = dependency.database.outputs.endpoint
    master_secret_arn = dependency.database.outputs.master_secret_arn
    port              = dependency.database.outputs.port
    security_group_id = dependency.database.outputs.security_group_id
  }

  key_arns = {
    logs    = dependency.kms.outputs.key_arns.logs
    secrets = dependency.kms.outputs.key_arns.secrets
  }

  rotation = {
    image         = "${dependency.registry.outputs.registry_url}/secret-rotation:${local.env.aws_secrets.rotation_version}"
    interval_days = local.env.aws_secrets.rotation_interval_days
    window        = "2h"
  }

  secrets = {
    orders-database = {
      database    = dependency.database.outputs.databases.orders
      description = "Log-in of the orders service"
      role        = "orders"
    }
    mesh-signer = {
      description = "Intermediate certificate and key with which the mesh signs identities; its owner sets the value"
    }
    pager = {
      description = "Routing key of the pager; its owner sets the value"
    }
    payments-database = {
      database    = dependency.database.outputs.databases.payments
      description = "Log-in of the payments service"
      role        = "payments"
    }
  }

  # By reference: what the cluster is told is what was made.
  facts = {
    cache_host               = dependency.cache.outputs.endpoint
    cache_port               = dependency.cache.outputs.port
    catalogue_table          = dependency.table.outputs.table_names.catalogue
    cluster_name             = dependency.cluster.outputs.cluster_name
    domain                   = local.env.domain
    environment              = local.env.environment
    external_dns_owner       = "shop-${local.env.environment}-${local.location.name}"
    external_dns_zone        = dependency.global_dns.outputs.zone_name
    gateway_neg_name         = "none"
    gateway_target_group_arn = dependency.ingress.outputs.target_group_arn
    image_registry           = dependency.registry.outputs.registry_url
    notifications_table      = dependency.table.outputs.table_names.notifications
    orders_database_host     = dependency.database.outputs.endpoint
    orders_database_name     = dependency.database.outputs.databases.orders
    orders_database_port     = dependency.database.outputs.port
    orders_topic             = dependency.stream.outputs.topic_names.orders
    payments_database_host   = dependency.database.outputs.endpoint
    payments_database_name   = dependency.database.outputs.databases.payments
    payments_database_port   = dependency.database.outputs.port
    payments_topic           = dependency.stream.outputs.topic_names.payments
    peer_site_region = local.location.gcp_region
    project_or_account       = local.env.account_id
    region                   = local.location.aws_region
    shop_host                = dependency.ingress.outputs.host
    site                     = local.location.name
    stream_bootstrap         = dependency.stream.outputs.bootstrap_brokers
  }
}
