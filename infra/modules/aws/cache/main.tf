resource "aws_elasticache_replication_group" "main" {
  replication_group_id = var.name
  description          = "Cache of ${var.name}"
  engine               = "valkey"
  engine_version       = var.engine_version
  node_type            = var.node_type
  port                 = var.port

  num_cache_clusters         = 1 + var.replica_count
  automatic_failover_enabled = true
  multi_az_enabled           = true

  parameter_group_name = aws_elasticache_parameter_group.main.name
  subnet_group_name    = aws_elasticache_subnet_group.main.name
  security_group_ids   = [aws_security_group.main.id]
  user_group_ids       = [aws_elasticache_user_group.main.user_group_id]

  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arns.cache
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"

  snapshot_retention_limit   = var.snapshot_retention_days
  snapshot_window            = var.snapshot_window
  maintenance_window         = var.maintenance_window
  final_snapshot_identifier  = "${var.name}-final"
  auto_minor_version_upgrade = false
  apply_immediately          = false

  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.main
    content {
      destination      = log_delivery_configuration.value.name
      destination_type = "cloudwatch-logs"
      log_format       = "json"
      log_type         = log_delivery_configuration.key
    }
  }
}

resource "aws_elasticache_parameter_group" "main" {
  name        = var.name
  description = "Stated parameters of ${var.name}"
  family      = "valkey${split(".", var.engine_version)[0]}"

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  # Under memory pressure only entries that expire anyway are given up, least
  # recently used first: what is kept without expiry is kept on purpose.
  parameters = {
    "activedefrag"            = "yes"
    "close-on-replica-write"  = "yes"
    "lazyfree-lazy-eviction"  = "yes"
    "maxmemory-policy"        = "volatile-lru"
    "min-replicas-max-lag"    = "10"
    "min-replicas-to-write"   = "0"
    "repl-backlog-size"       = "67108864"
    "reserved-memory-percent" = "25"
    "slowlog-log-slower-than" = "10000"
    "slowlog-max-len"         = "256"
    "tcp-keepalive"           = "60"
    "timeout"                 = "300"
  }
}

resource "aws_cloudwatch_log_group" "main" {
  for_each = toset(["engine-log", "slow-log"])

  name              = "/aws/elasticache/${var.name}/${each.key}"
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arns.logs
}
