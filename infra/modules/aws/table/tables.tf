resource "aws_dynamodb_table" "main" {
  for_each = var.tables

  name                        = "${var.name}-${each.key}"
  billing_mode                = each.value.billing_mode
  read_capacity               = local.provisioned[each.key] ? each.value.read_capacity.min : null
  write_capacity              = local.provisioned[each.key] ? each.value.write_capacity.min : null
  table_class                 = "STANDARD"
  hash_key                    = each.value.hash_key
  range_key                   = each.value.range_key
  deletion_protection_enabled = var.deletion_protection

  # Replicas need the stream, and so does whoever follows the table.
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  dynamic "attribute" {
    for_each = each.value.attributes
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = each.value.indexes
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.hash_key
      range_key       = global_secondary_index.value.range_key
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = each.value.ttl_attribute[*]
    content {
      enabled        = true
      attribute_name = ttl.value
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_period_days
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }

  # The replica is a resource of its own and the scaling moves the capacity.
  lifecycle {
    ignore_changes = [read_capacity, replica, write_capacity]
  }
}

resource "aws_dynamodb_table_replica" "peer" {
  provider = aws.peer
  for_each = aws_dynamodb_table.main

  global_table_arn            = each.value.arn
  kms_key_arn                 = var.peer_key_arn
  point_in_time_recovery      = true
  deletion_protection_enabled = var.deletion_protection
}

locals {
  provisioned = {
    for key, table in var.tables : key => table.billing_mode == "PROVISIONED"
  }
}
