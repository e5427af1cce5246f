# Who may write, and since when, in one item; beside it one vote for each observer.
# Replicas of a global table accept writes independently, so the item of the writer is
# only ever changed in this region: the runbooks' role is the only one that may.
resource "aws_dynamodb_table" "main" {
  name                        = local.table
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "subject"
  deletion_protection_enabled = var.deletion_protection
  stream_enabled              = true
  stream_view_type            = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "subject"
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = 35
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.main.arn
  }

  replica {
    region_name            = var.peer_region
    kms_key_arn            = aws_kms_replica_key.peer.arn
    point_in_time_recovery = true
    propagate_tags         = true
  }
}

# The first holder is declared; every later one is the runbooks' doing.
resource "aws_dynamodb_table_item" "writer" {
  table_name = aws_dynamodb_table.main.name
  hash_key   = aws_dynamodb_table.main.hash_key
  item = jsonencode({
    subject   = { S = "writer" }
    epoch     = { N = "1" }
    holder    = { S = "primary" }
    execution = { S = "declared" }
  })

  lifecycle {
    ignore_changes = [item]
  }
}

locals {
  table     = "${var.name}-epoch"
  table_arn = "arn:aws:dynamodb:${var.region}:${var.account_id}:table/${local.table}"

  peer_table_arn = "arn:aws:dynamodb:${var.peer_region}:${var.account_id}:table/${local.table}"
}
