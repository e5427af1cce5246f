# Facts of the environment, and what may differ between environments; everything else is the same by construction.

locals {
  environment         = "prod"
  account_id          = "777788889999"
  gcp_project         = "meshproof-prod"
  domain              = "prod.meshproof.example"
  cost_centre         = "shop-prod"
  data_classification = "confidential"

  state_bucket    = "meshproof-prod-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-prod-state"

  networks = {
    primary          = "10.32.0.0/16"
    peer             = "10.33.0.0/16"
    standby          = "10.34.0.0/16"
    standby_pods     = "10.36.0.0/14"
    standby_services = "10.35.0.0/20"
  }

  asns = {
    transit_gateway = 64544
    direct_connect  = 64545
    cloud_router    = 64546
  }

  # One map for each unit whose size or strictness differs: aws_<unit>, gcp_<unit>.
}
