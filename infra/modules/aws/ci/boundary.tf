# What no pipeline may do, whatever policy it is given: leave the regions of the
# platform, read a secret's value, blind the audit, or widen its own rights.
resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-ci-boundary"
  description = "The most that a pipeline of ${var.environment} can ever do."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WithinRegions"
        Effect   = "Allow"
        Action   = concat([for service in local.services : "${service}:*"], ["iam:*"])
        Resource = "*"
        Condition = { StringEquals = {
          "aws:RequestedRegion" = var.regions
        } }
      },
      {
        Sid    = "KeepTheAudit"
        Effect = "Deny"
        Action = [
          "cloudtrail:DeleteTrail",
          "cloudtrail:StopLogging",
          "config:DeleteConfigurationRecorder",
          "config:StopConfigurationRecorder",
          "guardduty:DeleteDetector",
          "guardduty:DisassociateFromAdministratorAccount",
          "s3:BypassGovernanceRetention",
          "s3:PutBucketObjectLockConfiguration",
          "securityhub:DisableSecurityHub",
        ]
        Resource = "*"
      },
      {
        Sid    = "KeepTheData"
        Effect = "Deny"
        Action = [
          "backup:DeleteBackupVault",
          "backup:DeleteRecoveryPoint",
          "dynamodb:DeleteTable",
          "kms:DisableKey",
          "kms:ScheduleKeyDeletion",
          "rds:DeleteDBCluster",
          "rds:DeleteGlobalCluster",
          "s3:DeleteBucket",
          "s3:DeleteObjectVersion",
        ]
        Resource = "*"
      },
      {
        Sid    = "NoSecretValues"
        Effect = "Deny"
        Action = [
          "secretsmanager:BatchGetSecretValue",
          "secretsmanager:GetSecretValue",
        ]
        NotResource = "arn:aws:secretsmanager:*:${var.account_id}:secret:*/platform-facts-*"
      },
      {
        Sid    = "NoStandingAccess"
        Effect = "Deny"
        Action = [
          "iam:CreateAccessKey",
          "iam:CreateLoginProfile",
          "iam:CreateUser",
          "iam:DeleteAccountPasswordPolicy",
        ]
        Resource = "*"
      },
      {
        Sid    = "KeepTheBoundary"
        Effect = "Deny"
        Action = [
          "iam:AttachRolePolicy",
          "iam:CreatePolicyVersion",
          "iam:DeletePolicy",
          "iam:DeletePolicyVersion",
          "iam:DeleteRole",
          "iam:DeleteRolePermissionsBoundary",
          "iam:DeleteRolePolicy",
          "iam:DetachRolePolicy",
          "iam:PutRolePermissionsBoundary",
          "iam:PutRolePolicy",
          "iam:SetDefaultPolicyVersion",
          "iam:UpdateAssumeRolePolicy",
        ]
        Resource = [
          "arn:aws:iam::${var.account_id}:policy/${var.name}-ci-*",
          "arn:aws:iam::${var.account_id}:role/${var.name}-ci-*",
        ]
      },
    ]
  })
}
