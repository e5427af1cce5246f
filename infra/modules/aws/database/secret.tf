resource "aws_secretsmanager_secret" "master" {
  name                    = "${var.name}/database-master"
  description             = "Master role of ${var.name}: for the rotation only"
  kms_key_id              = var.key_arns.secrets
  recovery_window_in_days = var.recovery_window_days
  policy                  = data.aws_iam_policy_document.master.json
  tags                    = { rotation = "owner" }

  replica {
    region     = var.peer_region
    kms_key_id = var.peer_key_arns.secrets
  }
}

resource "aws_secretsmanager_secret_version" "master" {
  secret_id = aws_secretsmanager_secret.master.id
  secret_string_wo = jsonencode({
    username = var.master_username
    password = var.master_password
  })
  secret_string_wo_version = var.master_password_version
}

data "aws_iam_policy_document" "master" {
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
