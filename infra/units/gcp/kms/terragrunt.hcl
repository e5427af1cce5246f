include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/kms")
}

inputs = {
  name             = "shop-${local.env.environment}-${local.location.name}"
  project          = local.env.gcp_project
  project_number   = local.env.gcp_project_number
  region           = local.location.gcp_region
  protection_level = local.env.gcp_kms.protection_level

  destroy_after_days = 30
  rotation_days      = 90
}
