include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/incident")
}

inputs = {
  name             = "shop-${local.env.environment}-${local.location.name}"
  environment      = local.env.environment
  account_id       = local.env.account_id
  region           = local.location.aws_region
  peer_region      = local.location.aws_peer_region
  retention_days   = local.env.aws_incident.retention_days
  ticket_addresses = ["platform@${local.env.domain}"]

  pagers = {
    pagerduty = {
      active   = true
      endpoint = "https://events.pagerduty.com/v2/enqueue"
    }
    opsgenie = {
      active     = false
      endpoint   = "https://api.opsgenie.com/v2/alerts"
      retires_on = "2027-04-05"
    }
  }
}
