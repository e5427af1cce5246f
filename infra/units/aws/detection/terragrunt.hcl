include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/detection")
}

dependency "global_audit" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/audit"
  mock_outputs = {
    config_bucket_name = "mock-config"
    config_role_arn    = "arn:aws:iam::111122223333:role/mock"
    key_arn            = "arn:aws:kms:eu-north-1:111122223333:key/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_incident" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/incident"
  mock_outputs = {
    dead_letter_queue_arn = "arn:aws:sqs:eu-north-1:111122223333:mock"
    topic_arn             = "arn:aws:sns:eu-north-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name                  = "shop-${local.env.environment}-${local.location.name}"
  region                = local.location.aws_region
  home                  = values.home
  linked_regions        = ["eu-central-1", "eu-west-1", "us-east-1"]
  dead_letter_queue_arn = dependency.global_incident.outputs.dead_letter_queue_arn
  topic_arn             = dependency.global_incident.outputs.topic_arn

  config = {
    bucket   = dependency.global_audit.outputs.config_bucket_name
    key_arn  = dependency.global_audit.outputs.key_arn
    role_arn = dependency.global_audit.outputs.config_role_arn
  }
}
