locals {
  _registry_arn      = "arn:aws:ecr:${var.region}:${var.account_id}:repository"
  _peer_registry_arn = "arn:aws:ecr:${var.peer_region}:${var.account_id}:repository"
  _registry_host     = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com"
}

# Enhanced scanning looks again when a vulnerability becomes known, not only when
# an image is pushed.
resource "aws_ecr_registry_scanning_configuration" "main" {
  scan_type = "ENHANCED"

  rule {
    scan_frequency = "CONTINUOUS_SCAN"

    repository_filter {
      filter      = "*"
      filter_type = "WILDCARD"
    }
  }
}

resource "aws_ecr_replication_configuration" "main" {
  replication_configuration {
    rule {
      destination {
        region      = var.peer_region
        registry_id = var.account_id
      }

      repository_filter {
        filter      = "${local._shop_prefix}/"
        filter_type = "PREFIX_MATCH"
      }

      repository_filter {
        filter      = "${local._platform_prefix}/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }

  depends_on = [aws_ecr_repository_creation_template.peer]
}

# Without a template a copy would be mutable and under AWS's key.
resource "aws_ecr_repository_creation_template" "peer" {
  provider = aws.peer

  applied_for          = ["REPLICATION"]
  custom_role_arn      = aws_iam_role.creation.arn
  description          = "Copies of the site's images"
  image_tag_mutability = "IMMUTABLE"
  lifecycle_policy     = local._lifecycle_policy
  prefix               = "ROOT"
  repository_policy    = data.aws_iam_policy_document.pull.json

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.peer_key_arn
  }
}

resource "aws_ecr_registry_scanning_configuration" "peer" {
  provider = aws.peer

  scan_type = "ENHANCED"

  rule {
    scan_frequency = "CONTINUOUS_SCAN"

    repository_filter {
      filter      = "*"
      filter_type = "WILDCARD"
    }
  }
}
