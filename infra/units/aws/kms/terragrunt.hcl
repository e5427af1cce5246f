include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/kms")
}

inputs = {
  account_id           = local.env.account_id
  deletion_window_days = local.env.aws_kms.deletion_window_days
  name                 = "shop-${local.env.environment}-${local.location.name}"
  peer_region          = local.location.aws_peer_region
  region               = local.location.aws_region
}
