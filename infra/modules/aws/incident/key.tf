resource "aws_kms_key" "main" {
  description             = "Alarms and pages of ${var.environment}"
  multi_region            = true
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

resource "aws_kms_alias" "main" {
  name          = "alias/${var.name}-incident"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_kms_replica_key" "peer" {
  provider = aws.peer

  description             = "Alarms of ${var.environment}, replica"
  primary_key_arn         = aws_kms_key.main.arn
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

locals {
  publishers = [
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "costalerts.amazonaws.com",
    "events.amazonaws.com",
    "securityhub.amazonaws.com",
  ]

  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDelegatesToIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      # Not every publisher names its account to KMS; the topics ask for it.
      {
        Sid       = "PublishersEncrypt"
        Effect    = "Allow"
        Principal = { Service = concat(local.publishers, ["sns.amazonaws.com"]) }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
      },
      {
        Sid    = "LogsEncrypt"
        Effect = "Allow"
        Principal = { Service = [
          "logs.${var.peer_region}.amazonaws.com",
          "logs.${var.region}.amazonaws.com",
        ] }
        Action = [
          "kms:Decrypt*",
          "kms:Describe*",
          "kms:Encrypt*",
          "kms:GenerateDataKey*",
          "kms:ReEncrypt*",
        ]
        Resource = "*"
        Condition = { ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:*:${var.account_id}:log-group:*/${var.name}-*"
        } }
      },
    ]
  })
}
