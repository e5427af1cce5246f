include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/interconnect")
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    google_apis_cidr = "199.36.153.8/30"
    network_id       = "projects/meshproof-mock/global/networks/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name       = "shop-${local.env.environment}-${local.location.name}"
  project    = local.env.gcp_project
  region     = local.location.gcp_region
  network_id = dependency.network.outputs.network_id
  asn        = local.env.asns.cloud_router
  peer_asn   = local.env.asns.direct_connect
  bandwidth  = local.env.gcp_interconnect.bandwidth

  customer_name     = "Meshproof ${local.env.environment}"
  noc_contact_email = "network@${local.env.domain}"

  advertised_cidrs = {
    google_apis = dependency.network.outputs.google_apis_cidr
    network     = local.env.networks.standby
    pods        = local.env.networks.standby_pods
  }

  # The sessions are described once, for both ends.
  links = {
    a = {
      bgp_range  = local.env.aws_interconnect.links.a.bgp_range
      location   = local.env.gcp_interconnect.locations.a
      macsec_key = local.env.gcp_interconnect.macsec_key
      vlan_tag   = local.env.aws_interconnect.links.a.vlan_tag
    }
    b = {
      bgp_range  = local.env.aws_interconnect.links.b.bgp_range
      location   = local.env.gcp_interconnect.locations.b
      macsec_key = local.env.gcp_interconnect.macsec_key
      vlan_tag   = local.env.aws_interconnect.links.b.vlan_tag
    }
  }

  bfd = {
    interval_ms = 1000
    multiplier  = 5
  }
}
