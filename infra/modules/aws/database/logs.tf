# Declared before the clusters, so that RDS does not create them itself:
# unencrypted and kept for ever.
resource "aws_cloudwatch_log_group" "primary" {
  name              = "/aws/rds/cluster/${var.name}/postgresql"
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arns.logs
}

resource "aws_cloudwatch_log_group" "peer" {
  provider = aws.peer

  name              = "/aws/rds/cluster/${var.name}-peer/postgresql"
  retention_in_days = var.retention_days
  kms_key_id        = var.peer_key_arns.logs
}
