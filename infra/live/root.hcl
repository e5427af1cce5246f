# What every unit of every environment shares: state and providers.

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

remote_state {
  backend = "s3"
  config = {
    bucket       = "${local.env.state_bucket}"
    key          = "${path_relative_to_include()}/terraform.tfstate"
    region       = "${local.env.state_region}"
    kms_key_id   = "${local.env.state_kms_alias}"
    encrypt      = true
    use_lockfile = true
  }
  generate = {
    path      = "backend.tf"
    if_exists = "overwrite_terragrunt"
  }
}

# "peer" is the second region of this location: where the replicas live.
generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-HCL
    provider "aws" {
      region              = "${local.location.aws_region}"
      allowed_account_ids = ["${local.env.account_id}"]
      default_tags {
        tags = {
          environment         = "${local.env.environment}"
          environment-class   = "${local.env.class}"
          location            = "${local.location.name}"
          owner               = "platform"
          cost-centre         = "${local.env.cost_centre}"
          data-classification = "${local.env.data_classification}"
        }
      }
    }

    provider "aws" {
      alias               = "peer"
      region              = "${local.location.aws_peer_region}"
      allowed_account_ids = ["${local.env.account_id}"]
      default_tags {
        tags = {
          environment         = "${local.env.environment}"
          environment-class   = "${local.env.class}"
          location            = "${local.location.name}"
          owner               = "platform"
          cost-centre         = "${local.env.cost_centre}"
          data-classification = "${local.env.data_classification}"
        }
      }
    }

    provider "google" {
      project = "${local.env.gcp_project}"
      region  = "${local.location.gcp_region}"
      default_labels = {
        environment         = "${local.env.environment}"
        environment-class   = "${local.env.class}"
        location            = "${local.location.name}"
        owner               = "platform"
        cost-centre         = "${local.env.cost_centre}"
        data-classification = "${local.env.data_classification}"
      }
    }
  HCL
}
