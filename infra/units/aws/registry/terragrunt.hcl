include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/registry")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns      = { registry = "arn:aws:kms:eu-west-1:111122223333:key/mock" }
    peer_key_arns = { registry = "arn:aws:kms:eu-central-1:111122223333:key/mock" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    node_role_arn = "arn:aws:iam::111122223333:role/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id      = local.env.account_id
  key_arn         = dependency.kms.outputs.key_arns.registry
  name            = "shop-${local.env.environment}-${local.location.name}"
  node_role_arn   = dependency.cluster.outputs.node_role_arn
  peer_key_arn    = dependency.kms.outputs.peer_key_arns.registry
  peer_region     = local.location.aws_peer_region
  region          = local.location.aws_region
  retained_images = local.env.aws_registry.retained_images
  services        = [
    "catalogue",
    "charts/service",
    "notifications",
    "orders",
    "payments",
    "pgbouncer",
    "pgbouncer-exporter",
    "ratelimit",
    "secret-rotation",
    "stream-bridge",
    "valkey",
  ]
}
