locals {
  _root = "arn:aws:iam::${var.account_id}:root"

  _scaling_role = join("/", [
    "arn:aws:iam::${var.account_id}:role/aws-service-role",
    "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
  ])

  _policies = merge([
    for purpose, key in local._purposes : {
      for place, region in local._regions : "${purpose}/${place}" => {
        purpose = purpose
        region  = region
        services = [
          for service in key.services : "${service}.${region}.amazonaws.com"
        ]
      } if place == "main" || key.multi_region
    }
  ]...)
}

data "aws_iam_policy_document" "key" {
  for_each = local._policies

  # Administering a key and using it are different rights: this statement names
  # no cryptographic action. Without it the key could be orphaned for ever.
  statement {
    sid       = "Administer"
    resources = ["*"]
    actions = [
      "kms:CancelKeyDeletion",
      "kms:CreateAlias",
      "kms:DeleteAlias",
      "kms:DescribeKey",
      "kms:DisableKey",
      "kms:EnableKey",
      "kms:EnableKeyRotation",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListGrants",
      "kms:ListKeyPolicies",
      "kms:ListResourceTags",
      "kms:ListRetirableGrants",
      "kms:PutKeyPolicy",
      "kms:ReplicateKey",
      "kms:RevokeGrant",
      "kms:RotateKeyOnDemand",
      "kms:ScheduleKeyDeletion",
      "kms:TagResource",
      "kms:UntagResource",
      "kms:UpdateAlias",
      "kms:UpdateKeyDescription",
      "kms:UpdatePrimaryRegion",
    ]

    principals {
      type        = "AWS"
      identifiers = [local._root]
    }
  }

  # Root here means "whom IAM allows": the grant is still made per role.
  statement {
    sid       = "UseThroughService"
    resources = ["*"]
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]

    principals {
      type        = "AWS"
      identifiers = [local._root]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = each.value.services
    }
  }

  statement {
    sid       = "GrantToService"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local._root]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = each.value.services
    }
  }

  # CloudWatch Logs calls KMS as itself, not through a role of the account.
  dynamic "statement" {
    for_each = each.value.purpose == "logs" ? [each.value.region] : []

    content {
      sid       = "CloudWatchLogs"
      resources = ["*"]
      actions = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
      ]

      principals {
        type        = "Service"
        identifiers = ["logs.${statement.value}.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values = [
          "arn:aws:logs:${statement.value}:${var.account_id}:log-group:*",
        ]
      }
    }
  }

  # What publishes into an encrypted topic or delivers into an encrypted
  # bucket on the account's behalf.
  dynamic "statement" {
    for_each = each.value.purpose == "logs" ? [each.value.region] : []

    content {
      sid       = "Publish"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type = "Service"
        identifiers = [
          "cloudwatch.amazonaws.com",
          "delivery.logs.amazonaws.com",
          "events.amazonaws.com",
        ]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }
    }
  }

  # Node volumes are created by the Auto Scaling service's own role, which no
  # policy of the account can be attached to.
  dynamic "statement" {
    for_each = each.value.purpose == "cluster" ? [each.value.region] : []

    content {
      sid       = "NodeVolumes"
      resources = ["*"]
      actions = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
      ]

      principals {
        type        = "AWS"
        identifiers = [local._scaling_role]
      }
    }
  }

  dynamic "statement" {
    for_each = each.value.purpose == "cluster" ? [each.value.region] : []

    content {
      sid       = "NodeVolumeGrants"
      actions   = ["kms:CreateGrant"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [local._scaling_role]
      }

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }
}
