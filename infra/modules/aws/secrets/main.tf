resource "aws_secretsmanager_secret" "main" {
  for_each = var.secrets

  name                    = "${var.name}/${each.key}"
  description             = each.value.description
  kms_key_id              = var.key_arns.secrets
  recovery_window_in_days = var.recovery_window_days
  policy                  = data.aws_iam_policy_document.secret.json
  tags                    = contains(keys(local.rotated), each.key) ? null : { rotation = "owner" }

  replica {
    region     = var.peer_region
    kms_key_id = var.peer_key_arn
  }
}

# How Kubernetes learns what Terraform has made; nothing in it is secret.
resource "aws_secretsmanager_secret" "facts" {
  name                    = "${var.name}/platform-facts"
  description             = "What the cluster of ${var.name} must know of its platform"
  kms_key_id              = var.key_arns.secrets
  recovery_window_in_days = var.recovery_window_days
  policy                  = data.aws_iam_policy_document.secret.json
  tags                    = { rotation = "none" }

  replica {
    region     = var.peer_region
    kms_key_id = var.peer_key_arn
  }
}

resource "aws_secretsmanager_secret_version" "facts" {
  secret_id     = aws_secretsmanager_secret.facts.id
  secret_string = jsonencode(local.facts)
}

data "aws_iam_policy_document" "secret" {
  statement {
    sid       = "DenyPlaintext"
    effect    = "Deny"
    actions   = ["secretsmanager:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "DenyOtherAccounts"
    effect    = "Deny"
    actions   = ["secretsmanager:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.account_id]
    }
  }
}

locals {
  # What this module itself has made belongs to the facts too.
  facts = merge(var.facts, {
    mesh_signer_secret       = aws_secretsmanager_secret.main["mesh-signer"].name
    orders_database_secret   = aws_secretsmanager_secret.main["orders-database"].name
    pager_secret             = aws_secretsmanager_secret.main["pager"].name
    payments_database_secret = aws_secretsmanager_secret.main["payments-database"].name
  })
}
