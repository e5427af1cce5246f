include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/ci")
}

inputs = {
  name            = "shop-${local.env.environment}-${local.location.name}"
  environment     = local.env.environment
  account_id      = local.env.account_id
  region          = local.location.aws_region
  regions         = ["eu-central-1", "eu-north-1", "eu-west-1", "us-east-1"]
  repository      = local.env.aws_ci.repository
  state_bucket    = local.env.state_bucket
  state_key_alias = local.env.state_kms_alias

  image_region = "eu-west-1"
  image_repositories = [
    "shop/catalogue",
    "shop/charts/service",
    "shop/notifications",
    "shop/orders",
    "shop/payments",
    "shop/secret-rotation",
  ]
}
