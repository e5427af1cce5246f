include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/failover")
}

dependency "dns" {
  config_path = "../dns"
  mock_outputs = {
    zone_id   = "Z0MOCK"
    zone_name = "mock.example"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "incident" {
  config_path = "../incident"
  mock_outputs = {
    dead_letter_queue_arn = "arn:aws:sqs:eu-north-1:111122223333:mock"
    key_arn               = "arn:aws:kms:eu-north-1:111122223333:key/mock"
    peer_topic_arn        = "arn:aws:sns:us-east-1:111122223333:mock"
    topic_arn             = "arn:aws:sns:eu-north-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "primary_ingress" {
  config_path = "../../../../../primary/.terragrunt-stack/platform/.terragrunt-stack/ingress"
  mock_outputs = {
    load_balancer_dns_name = "mock.eu-west-1.elb.amazonaws.com"
    load_balancer_zone_id  = "Z32O12XQLNTSW2"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "primary_database" {
  config_path = "../../../../../primary/.terragrunt-stack/platform/.terragrunt-stack/database"
  mock_outputs = {
    cluster_arn       = "arn:aws:rds:eu-west-1:111122223333:cluster:mock"
    databases         = { orders = "orders", payments = "payments" }
    master_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "standby_ingress" {
  config_path = "../../../../../standby/.terragrunt-stack/platform/.terragrunt-stack/ingress"
  mock_outputs = {
    address = "192.0.2.10"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "standby_database" {
  config_path = "../../../../../standby/.terragrunt-stack/platform/.terragrunt-stack/database"
  mock_outputs = {
    databases = { orders = "orders", payments = "payments" }
    federation = {
      audience        = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/mock/providers/aws"
      service_account = "mock@mock.iam.gserviceaccount.com"
    }
    instance_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "standby_dns" {
  config_path = "../../../../../standby/.terragrunt-stack/platform/.terragrunt-stack/dns"
  mock_outputs = {
    name_servers = ["ns-mock1.example.", "ns-mock2.example."]
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "standby_cluster" {
  config_path = "../../../../../standby/.terragrunt-stack/platform/.terragrunt-stack/cluster"
  mock_outputs = {
    cluster_id = "projects/mock/locations/europe-west4/clusters/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name                = "shop-${local.env.environment}-${local.location.name}"
  environment         = local.env.environment
  account_id          = local.env.account_id
  region              = local.location.aws_region
  peer_region         = local.location.aws_peer_region
  deletion_protection = local.env.aws_failover.deletion_protection
  retention_days      = local.env.aws_failover.retention_days

  dead_letter_queue_arn = dependency.incident.outputs.dead_letter_queue_arn
  peer_topic_arn        = dependency.incident.outputs.peer_topic_arn
  topic_arn             = dependency.incident.outputs.topic_arn
  topic_key_arn         = dependency.incident.outputs.key_arn

  zone = {
    id   = dependency.dns.outputs.zone_id
    name = dependency.dns.outputs.zone_name
  }

  primary = {
    region                 = "eu-west-1"
    load_balancer_dns_name = dependency.primary_ingress.outputs.load_balancer_dns_name
    load_balancer_zone_id  = dependency.primary_ingress.outputs.load_balancer_zone_id
    cluster_arn            = dependency.primary_database.outputs.cluster_arn
    databases              = dependency.primary_database.outputs.databases
    secret_arn             = dependency.primary_database.outputs.master_secret_arn
  }

  standby = {
    project       = local.env.gcp_project
    address       = dependency.standby_ingress.outputs.address
    cluster_id    = dependency.standby_cluster.outputs.cluster_id
    databases     = dependency.standby_database.outputs.databases
    instance_name = dependency.standby_database.outputs.instance_name
    name_servers  = dependency.standby_dns.outputs.name_servers
    federation    = dependency.standby_database.outputs.federation
  }

  observers = {
    north   = { place = "here" }
    east    = { place = "peer" }
    standby = { place = "standby" }
  }

  check = {
    path               = "/healthz/ready"
    search_string      = "ready"
    request_interval_s = local.env.aws_failover.request_interval_s
    failure_threshold  = 3
    regions            = ["ap-southeast-1", "eu-west-1", "sa-east-1", "us-east-1", "us-west-2"]
  }

  ttl_s = {
    delegation = 3600
    record     = 60
  }

  runbook = {
    quorum                = 2
    vote_valid_s          = local.env.aws_failover.vote_valid_s
    vote_attempts         = 6
    gate_timeout_s        = 1800
    renew_every_s         = 10
    lease_s               = 60
    longest_transaction_s = 15
    rpo_s                 = local.env.aws_failover.rpo_s
    lag_attempts          = 12
    failback_lag_s        = 2
    seed_attempts         = 1440
    route_attempts        = 30
  }
}
