include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/gcp/registry")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    attestation_key_id = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/attestation"
    key_ids            = { registry = "projects/meshproof-mock/locations/europe-west4/keyRings/mock/cryptoKeys/registry" }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    attestation_note_id = "projects/meshproof-mock/notes/mock"
    node_member         = "serviceAccount:mock-node@meshproof-mock.iam.gserviceaccount.com"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name        = "shop-${local.env.environment}-${local.location.name}"
  environment = local.env.environment
  project     = local.env.gcp_project
  region      = local.location.gcp_region
  key_id      = dependency.kms.outputs.key_ids.registry
  node_member = dependency.cluster.outputs.node_member

  attestation_key_id   = dependency.kms.outputs.attestation_key_id
  attestation_note_id  = dependency.cluster.outputs.attestation_note_id
  publisher_repository = local.env.aws_ci.repository

  services      = ["catalogue", "notifications", "orders", "payments"]
  untagged_days = local.env.gcp_registry.untagged_days
  versions_kept = local.env.gcp_registry.versions_kept
}
