# Platform images come through the account's own registry: an upstream that is
# down or rate limited stops no node, and every layer is scanned here too.

resource "aws_ecr_pull_through_cache_rule" "main" {
  for_each = var.upstreams

  ecr_repository_prefix = "${local._platform_prefix}/${each.key}"
  upstream_registry_url = each.value
}

resource "aws_ecr_repository_creation_template" "platform" {
  applied_for          = ["PULL_THROUGH_CACHE"]
  custom_role_arn      = aws_iam_role.creation.arn
  description          = "Mirrors of upstream images"
  image_tag_mutability = "IMMUTABLE"
  lifecycle_policy     = local._lifecycle_policy
  prefix               = local._platform_prefix
  repository_policy    = data.aws_iam_policy_document.pull.json

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.key_arn
  }
}

# The first pull of an image makes its mirror, and only nodes pull.
data "aws_iam_policy_document" "mirror" {
  statement {
    sid       = "Mirror"
    actions   = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"]
    resources = ["${local._registry_arn}/${local._platform_prefix}/*"]

    principals {
      type        = "AWS"
      identifiers = [var.node_role_arn]
    }
  }
}

resource "aws_ecr_registry_policy" "main" {
  policy = data.aws_iam_policy_document.mirror.json
}

data "aws_iam_policy_document" "creation_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecr.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "creation" {
  statement {
    sid = "Create"
    actions = [
      "ecr:CreateRepository",
      "ecr:ReplicateImage",
      "ecr:TagResource",
    ]
    resources = [
      "${local._registry_arn}/${local._platform_prefix}/*",
      "${local._peer_registry_arn}/*",
    ]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"]
    resources = [var.key_arn, var.peer_key_arn]
  }
}

resource "aws_iam_role" "creation" {
  assume_role_policy = data.aws_iam_policy_document.creation_trust.json
  description        = "Creates repositories from templates"
  name               = "${var.name}-registry"
}

resource "aws_iam_role_policy" "creation" {
  name   = "create"
  policy = data.aws_iam_policy_document.creation.json
  role   = aws_iam_role.creation.id
}
