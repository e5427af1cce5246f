# Facts of the environment, and what may differ between environments; everything else is the same by construction.

locals {
  environment         = "staging"
  account_id          = "444455556666"
  gcp_project         = "meshproof-staging"
  domain              = "staging.meshproof.example"
  cost_centre         = "shop-staging"
  data_classification = "confidential"

  state_bucket    = "meshproof-staging-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-staging-state"

  networks = {
    primary          = "10.16.0.0/16"
    peer             = "10.17.0.0/16"
    standby          = "10.18.0.0/16"
    standby_pods     = "10.20.0.0/14"
    standby_services = "10.19.0.0/20"
  }

  asns = {
    transit_gateway = 64528
    direct_connect  = 64529
    cloud_router    = 64530
  }

  # One map for each unit whose size or strictness differs: aws_<unit>, gcp_<unit>.
}
