# Query logs of a public zone are written in us-east-1, wherever the zone is made.
resource "aws_kms_key" "log" {
  provider = aws.peer

  description             = "DNS query log of ${var.domain}"
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30
  policy = jsonencode({
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
        Sid       = "LogsEncrypt"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.peer_region}.amazonaws.com" }
        Action = [
          "kms:Decrypt*",
          "kms:Describe*",
          "kms:Encrypt*",
          "kms:GenerateDataKey*",
          "kms:ReEncrypt*",
        ]
        Resource = "*"
        Condition = { ArnEquals = {
          "kms:EncryptionContext:aws:logs:arn" = local.log_group_arn
        } }
      },
    ]
  })
}

resource "aws_kms_alias" "log" {
  provider = aws.peer

  name          = "alias/${var.name}-dns-log"
  target_key_id = aws_kms_key.log.key_id
}

resource "aws_cloudwatch_log_group" "query" {
  provider = aws.peer

  name              = local.log_group
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.log.arn
}

resource "aws_cloudwatch_log_resource_policy" "query" {
  provider = aws.peer

  policy_name = "${var.name}-dns-query"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${local.log_group_arn}:*"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_route53_query_log" "main" {
  zone_id                  = aws_route53_zone.main.zone_id
  cloudwatch_log_group_arn = aws_cloudwatch_log_group.query.arn

  depends_on = [aws_cloudwatch_log_resource_policy.query]
}

locals {
  log_group     = "/aws/route53/${var.domain}"
  log_group_arn = "arn:aws:logs:${var.peer_region}:${var.account_id}:log-group:${local.log_group}"
}
