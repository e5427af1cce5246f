include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/state")
}

inputs = {
  name        = "shop-${local.env.environment}-${local.location.name}"
  environment = local.env.environment
  account_id  = local.env.account_id
  bucket      = local.env.state_bucket
  key_alias   = local.env.state_kms_alias
  retention   = local.env.aws_state.retention
}
