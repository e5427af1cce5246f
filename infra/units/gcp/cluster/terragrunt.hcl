include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/cluster")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    attestation_key_id = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/attestation"
    key_ids            = { cluster = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/cluster" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    network_id          = "projects/meshproof-mock/global/networks/mock"
    pods_range_name     = "pods"
    services_range_name = "services"
    subnet_ids = {
      control_plane = "projects/meshproof-mock/regions/europe-west4/subnetworks/mock-control-plane"
      nodes         = "projects/meshproof-mock/regions/europe-west4/subnetworks/mock-nodes"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name           = "shop-${local.env.environment}-${local.location.name}"
  environment    = local.env.environment
  project        = local.env.gcp_project
  region         = local.location.gcp_region
  key_id         = dependency.kms.outputs.key_ids.cluster
  security_group = "gke-security-groups@${local.env.domain}"

  network_id              = dependency.network.outputs.network_id
  subnet_id               = dependency.network.outputs.subnet_ids.nodes
  control_plane_subnet_id = dependency.network.outputs.subnet_ids.control_plane
  pods_range_name         = dependency.network.outputs.pods_range_name
  services_range_name     = dependency.network.outputs.services_range_name

  admission_enforcement = local.env.gcp_cluster.admission_enforcement
  attestation_key_id    = dependency.kms.outputs.attestation_key_id
  attestor_public_keys  = local.env.gcp_cluster.attestor_public_keys
  deletion_protection   = local.env.gcp_cluster.deletion_protection
  frozen_season         = local.env.gcp_cluster.frozen_season

  authorized_cidrs = {
    primary = local.env.networks.primary
    standby = local.env.networks.standby
  }

  # Before the primary's, so that a bad version is seen where nobody is served.
  maintenance_window = {
    start_time = "2026-01-05T01:00:00Z"
    end_time   = "2026-01-05T05:00:00Z"
    recurrence = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH"
  }
}
