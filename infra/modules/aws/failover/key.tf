resource "aws_kms_key" "main" {
  description             = "Failover of ${var.environment}: epoch, functions, runbooks and their logs"
  multi_region            = true
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

resource "aws_kms_alias" "main" {
  name          = "alias/${var.name}-failover"
  target_key_id = aws_kms_key.main.key_id
}

resource "aws_kms_replica_key" "peer" {
  provider = aws.peer

  description             = "Failover of ${var.environment}, replica"
  primary_key_arn         = aws_kms_key.main.arn
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

locals {
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
          "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:*:${var.account_id}:log-group:*${var.name}-*"
        } }
      },
      {
        Sid       = "RunbooksLog"
        Effect    = "Allow"
        Principal = { Service = "delivery.logs.amazonaws.com" }
        Action    = "kms:Decrypt"
        Resource  = "*"
        Condition = { StringEquals = {
          "aws:SourceAccount" = var.account_id
        } }
      },
    ]
  })

  # What a table asks of the caller's own rights.
  table_key_use = {
    Effect = "Allow"
    Action = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    Resource = [aws_kms_key.main.arn, aws_kms_replica_key.peer.arn]
    Condition = { StringLike = {
      "kms:ViaService" = "dynamodb.*.amazonaws.com"
    } }
  }
}
