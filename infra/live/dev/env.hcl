# Facts of the environment, and what may differ between environments; everything else is the same by construction.

locals {
  environment         = "dev"
  account_id          = "111122223333"
  gcp_project         = "meshproof-dev"
  domain              = "dev.meshproof.example"
  cost_centre         = "shop-dev"
  data_classification = "internal"

  state_bucket    = "meshproof-dev-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-dev-state"

  networks = {
    primary          = "10.0.0.0/16"
    peer             = "10.1.0.0/16"
    standby          = "10.2.0.0/16"
    standby_pods     = "10.4.0.0/14"
    standby_services = "10.3.0.0/20"
  }

  asns = {
    transit_gateway = 64512
    direct_connect  = 64513
    cloud_router    = 64514
  }

  # One map for each unit whose size or strictness differs: aws_<unit>, gcp_<unit>.
}
