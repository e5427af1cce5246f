resource "aws_backup_vault" "main" {
  name          = var.name
  kms_key_arn   = var.key_arn
  force_destroy = false
}

resource "aws_backup_vault" "peer" {
  provider = aws.peer

  name          = "${var.name}-peer"
  kms_key_arn   = var.peer_key_arn
  force_destroy = false
}

# With changeable_for_days the lock is in compliance mode: after those days
# nobody, the root user included, can lift it. Without, it is governance.
resource "aws_backup_vault_lock_configuration" "main" {
  backup_vault_name   = aws_backup_vault.main.name
  changeable_for_days = var.lock.changeable_for_days
  min_retention_days  = var.lock.min_retention_days
  max_retention_days  = var.lock.max_retention_days
}

resource "aws_backup_vault_lock_configuration" "peer" {
  provider = aws.peer

  backup_vault_name   = aws_backup_vault.peer.name
  changeable_for_days = var.lock.changeable_for_days
  min_retention_days  = var.lock.min_retention_days
  max_retention_days  = var.lock.max_retention_days
}

data "aws_iam_policy_document" "vault" {
  statement {
    sid    = "DenyDeletion"
    effect = "Deny"
    actions = [
      "backup:DeleteBackupVault",
      "backup:DeleteRecoveryPoint",
      "backup:PutBackupVaultAccessPolicy",
      "backup:UpdateRecoveryPointLifecycle",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    # The pipeline must be able to change this very policy.
    condition {
      test     = "ArnNotLike"
      variable = "aws:PrincipalArn"
      values   = [var.administrator_role_arn]
    }
  }
}

resource "aws_backup_vault_policy" "main" {
  backup_vault_name = aws_backup_vault.main.name
  policy            = data.aws_iam_policy_document.vault.json
}

resource "aws_backup_vault_policy" "peer" {
  provider = aws.peer

  backup_vault_name = aws_backup_vault.peer.name
  policy            = data.aws_iam_policy_document.vault.json
}

locals {
  vault_events = [
    "BACKUP_JOB_FAILED",
    "COPY_JOB_FAILED",
    "RESTORE_JOB_FAILED",
  ]
}

resource "aws_backup_vault_notifications" "main" {
  backup_vault_name   = aws_backup_vault.main.name
  sns_topic_arn       = var.alarm_topic_arn
  backup_vault_events = local.vault_events
}

resource "aws_backup_vault_notifications" "peer" {
  provider = aws.peer

  backup_vault_name   = aws_backup_vault.peer.name
  sns_topic_arn       = var.peer_alarm_topic_arn
  backup_vault_events = local.vault_events
}
