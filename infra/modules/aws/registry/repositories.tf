# One immutable tag is one image for ever: what was scanned and signed is what
# runs, and a rollback finds it.

locals {
  _platform_prefix = "platform"
  _shop_prefix     = "shop"

  _lifecycle_policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "An untagged layer set is a failed push"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = var.untagged_retention_days
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "As many releases as a rollback may reach back"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["*"]
          countType      = "imageCountMoreThan"
          countNumber    = var.retained_images
        }
        action = { type = "expire" }
      },
    ]
  })
}

resource "aws_ecr_repository" "shop" {
  for_each = var.services

  force_delete         = false
  image_tag_mutability = "IMMUTABLE"
  name                 = "${local._shop_prefix}/${each.key}"

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "shop" {
  for_each = var.services

  policy     = local._lifecycle_policy
  repository = aws_ecr_repository.shop[each.key].name
}

resource "aws_ecr_repository_policy" "shop" {
  for_each = var.services

  policy     = data.aws_iam_policy_document.pull.json
  repository = aws_ecr_repository.shop[each.key].name
}

data "aws_iam_policy_document" "pull" {
  statement {
    sid = "NodesPull"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:GetDownloadUrlForLayer",
    ]

    principals {
      type        = "AWS"
      identifiers = [var.node_role_arn]
    }
  }

  statement {
    sid     = "RefuseOtherAccounts"
    effect  = "Deny"
    actions = ["ecr:*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.account_id]
    }

    # Scanning and replication are done by the service itself.
    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }
}
