resource "aws_kms_key" "main" {
  description             = "Terraform state of ${var.environment}"
  multi_region            = true
  enable_key_rotation     = true
  rotation_period_in_days = 365
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

resource "aws_kms_alias" "main" {
  name          = var.key_alias
  target_key_id = aws_kms_key.main.key_id
}

# The replica of the state must be readable when this region is not.
resource "aws_kms_replica_key" "peer" {
  provider = aws.peer

  description             = "Terraform state of ${var.environment}, replica"
  primary_key_arn         = aws_kms_key.main.arn
  deletion_window_in_days = 30
  policy                  = local.key_policy
}

resource "aws_kms_alias" "peer" {
  provider = aws.peer

  name          = var.key_alias
  target_key_id = aws_kms_replica_key.peer.key_id
}

locals {
  key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountDelegatesToIam"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}
