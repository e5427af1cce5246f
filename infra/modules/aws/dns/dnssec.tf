# Route 53 takes signing keys from us-east-1 only.
resource "aws_kms_key" "signing" {
  provider = aws.peer

  description              = "DNSSEC key-signing key of ${var.domain}"
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 30
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
        Sid       = "Route53Signs"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id }
          ArnLike      = { "aws:SourceArn" = "arn:aws:route53:::hostedzone/*" }
        }
      },
      {
        Sid       = "Route53Grants"
        Effect    = "Allow"
        Principal = { Service = "dnssec-route53.amazonaws.com" }
        Action    = "kms:CreateGrant"
        Resource  = "*"
        Condition = {
          Bool         = { "kms:GrantIsForAWSResource" = "true" }
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "signing" {
  provider = aws.peer

  name          = "alias/${var.name}-dnssec"
  target_key_id = aws_kms_key.signing.key_id
}

resource "aws_route53_key_signing_key" "main" {
  hosted_zone_id             = aws_route53_zone.main.zone_id
  key_management_service_arn = aws_kms_key.signing.arn
  name                       = "main"
  status                     = "ACTIVE"
}

resource "aws_route53_hosted_zone_dnssec" "main" {
  hosted_zone_id = aws_route53_key_signing_key.main.hosted_zone_id
  signing_status = "SIGNING"
}

# A signing failure makes the whole domain unresolvable for validating clients.
resource "aws_cloudwatch_metric_alarm" "dnssec" {
  provider = aws.peer

  for_each = {
    internal-failure    = "DNSSECInternalFailure"
    keys-needing-action = "DNSSECKeySigningKeysNeedingAction"
  }

  alarm_name          = "${var.name}-dnssec-${each.key}"
  alarm_description   = "DNSSEC of ${var.domain}: ${each.value} is not zero."
  namespace           = "AWS/Route53"
  metric_name         = each.value
  dimensions          = { HostedZoneId = aws_route53_zone.main.zone_id }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}
