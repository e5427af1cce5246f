"""Small trees for the tests of the declaration: two clouds, one unit that refers to the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ROOT = """
locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

remote_state {
  backend = "s3"
  config = {
    bucket  = "${local.env.environment}-state"
    key     = "${path_relative_to_include()}/terraform.tfstate"
    encrypt = true
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-HCL
    provider "aws" {
      region              = "${local.location.region}"
      allowed_account_ids = ["111122223333"]
      default_tags {
        tags = {
          environment = "${local.env.environment}"
        }
      }
    }
    provider "aws" {
      alias  = "peer"
      region = "eu-central-1"
    }
    provider "google" {
      project = "shop"
    }
  HCL
}
"""

UNIT_HEAD = """
include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
}
"""

FILES: Mapping[str, str] = {
    "live/root.hcl": ROOT,
    "live/prod/env.hcl": 'locals {\n  environment = "prod"\n  sizes = { small = 1 }\n}\n',
    "live/prod/primary/location.hcl": 'locals {\n  region = "eu-west-1"\n}\n',
    "live/prod/primary/terragrunt.stack.hcl": 'stack "p" {\n  source = "../../../stacks/primary"\n  path   = "p"\n}\n',
    "live/prod/standby/location.hcl": 'locals {\n  region = "eu-west-1"\n}\n',
    "live/prod/standby/terragrunt.stack.hcl": 'stack "p" {\n  source = "../../../stacks/standby"\n  path   = "p"\n}\n',
    "stacks/primary/terragrunt.stack.hcl": """
unit "store" {
  source = "../../units/aws/store"
  path   = "store"
  values = { suffix = "a" }
}
""",
    "stacks/standby/terragrunt.stack.hcl": """
unit "bucket" {
  source = "../../units/gcp/bucket"
  path   = "bucket"
}
""",
    "units/aws/store/terragrunt.hcl": UNIT_HEAD
    + """
terraform {
  source = find_in_parent_folders("modules/aws/store")
}

dependency "standby_bucket" {
  config_path = "../../../../../standby/.terragrunt-stack/p/.terragrunt-stack/bucket"
  mock_outputs = {
    urls = { a = "gs://mock" }
    name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  name  = "shop-${local.env.environment}-${values.suffix}"
  peers = { urls = dependency.standby_bucket.outputs.urls, name = "x/${dependency.standby_bucket.outputs.name}" }
  size  = local.env.sizes.small
}
""",
    "units/gcp/bucket/terragrunt.hcl": UNIT_HEAD
    + """
terraform {
  source = find_in_parent_folders("modules/gcp/bucket")
}

inputs = {
  name  = "shop-${local.env.environment}"
  names = { a = "one", b = "two" }
}
""",
    "modules/aws/store/versions.tf": """
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      version               = "5.100.0"
      configuration_aliases = [aws.peer]
    }
  }
}
""",
    "modules/aws/store/variables.tf": """
variable "name" {
  type = string
}

variable "peers" {
  type = object({ urls = map(string), name = string })
}

variable "size" {
  type = number
}
""",
    "modules/aws/store/main.tf": """
locals {
  queues = { first = aws_sqs_queue.main, second = aws_sqs_queue.peer }
}

resource "aws_sqs_queue" "main" {
  name              = var.name
  kms_master_key_id = aws_kms_key.keys["a"].arn
}

resource "aws_sqs_queue" "peer" {
  provider = aws.peer
  name     = "${var.name}-peer"
  tags     = { url = var.peers.urls["a"], name = var.peers.name, size = var.size }
}

resource "aws_kms_key" "keys" {
  for_each    = toset(["a", "b"])
  description = each.key
}

resource "aws_kms_alias" "keys" {
  for_each      = aws_kms_key.keys
  name          = "alias/${each.key}"
  target_key_id = each.value.id
}

resource "aws_sns_topic_subscription" "one" {
  for_each  = local.queues
  protocol  = "sqs"
  topic_arn = "arn:aws:sns:eu-west-1:111122223333:x"
  endpoint  = each.value.arn
}

resource "aws_secretsmanager_secret" "s" {
  name = "s"
}

resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = "planted-secret-text"
}

data "aws_iam_policy_document" "reader" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["sqs.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_sqs_queue.main.arn]
    }
  }
}

resource "aws_iam_role" "reader" {
  name               = "reader"
  assume_role_policy = data.aws_iam_policy_document.reader.json
}

resource "aws_iam_role_policy" "reader" {
  role = aws_iam_role.reader.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sqs:ReceiveMessage", Resource = aws_sqs_queue.main.arn }]
  })
}
""",
    "modules/aws/store/outputs.tf": """
output "queue" {
  value = aws_sqs_queue.main.arn
}
""",
    "modules/gcp/bucket/main.tf": """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.50.0"
    }
  }
}

variable "name" {
  type = string
}

variable "names" {
  type = map(string)
}

resource "google_storage_bucket" "all" {
  for_each                    = var.names
  name                        = "${var.name}-${each.value}"
  location                    = "EU"
  uniform_bucket_level_access = true

  versioning {
    enabled = "true"
  }

  dynamic "lifecycle_rule" {
    for_each = { delete = 30 }
    content {
      action {
        type = title(lifecycle_rule.key)
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_compute_network" "main" {
  name                    = var.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "main" {
  name          = "${google_compute_network.main.name}-subnet"
  network       = google_compute_network.main.self_link
  ip_cidr_range = "10.0.0.0/24"
  depends_on    = [google_storage_bucket.all]
}

output "urls" {
  value = { for key, bucket in google_storage_bucket.all : key => bucket.url }
}

output "name" {
  value = google_compute_network.main.name
}
""",
}


def plant(base: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write the tree into `base/infra`, with some files replaced or (None) left out."""
    infra = base / "infra"
    for name, content in {**FILES, **(changes or {})}.items():
        if content is not None:
            path = infra / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    return infra
