locals {
  alarms = {
    cpu = {
      metric_name = "CPUUtilization"
      statistic   = "Average"
      comparison  = "GreaterThanThreshold"
      threshold   = 80
      summary     = "The writer has been above 80 % CPU for five minutes."
    }
    memory = {
      metric_name = "FreeableMemory"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = var.alarm_memory_gb * 1073741824
      summary     = "Little memory is left: failover candidates may restart."
    }
    replication-slot-lag = {
      metric_name = "OldestReplicationSlotLag"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.alarm_slot_lag_gb * 1073741824
      summary     = "The standby is not consuming its logical slot."
    }
    transaction-age = {
      metric_name = "MaximumUsedTransactionIDs"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 1000000000
      summary     = "Half the transaction ids are used up: vacuum is stuck."
    }
  }

  # Published by the secondary, in its own region; milliseconds.
  peer_alarms = {
    replication-lag = {
      metric_name = "AuroraGlobalDBReplicationLag"
      threshold   = var.alarm_replication_lag_ms
      summary     = "The peer region lags behind the primary."
    }
    recovery-point-lag = {
      metric_name = "AuroraGlobalDBRPOLag"
      threshold   = var.recovery_point_s * 1000 / 2
      summary     = "Half the recovery point is used up: commits block at all of it."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "primary" {
  for_each = local.alarms

  alarm_name          = "${var.name}-database-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric_name
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    DBClusterIdentifier = aws_rds_cluster.primary.cluster_identifier
    Role                = "WRITER"
  }
}

resource "aws_cloudwatch_metric_alarm" "peer" {
  provider = aws.peer
  for_each = local.peer_alarms

  alarm_name          = "${var.name}-database-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric_name
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [var.peer_alarm_topic_arn]
  ok_actions          = [var.peer_alarm_topic_arn]

  dimensions = {
    DBClusterIdentifier = aws_rds_cluster.peer.cluster_identifier
    SourceRegion        = var.region
  }
}

resource "aws_db_event_subscription" "cluster" {
  name        = "${var.name}-cluster"
  sns_topic   = var.alarm_topic_arn
  source_type = "db-cluster"
  source_ids  = [aws_rds_cluster.primary.cluster_identifier]
  event_categories = [
    "deletion",
    "failover",
    "failure",
    "global-failover",
    "maintenance",
    "notification",
  ]
}

resource "aws_db_event_subscription" "instance" {
  name        = "${var.name}-instance"
  sns_topic   = var.alarm_topic_arn
  source_type = "db-instance"
  source_ids  = [for instance in aws_rds_cluster_instance.primary : instance.identifier]
  event_categories = [
    "availability",
    "configuration change",
    "deletion",
    "failure",
    "recovery",
  ]
}
