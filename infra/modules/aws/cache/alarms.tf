locals {
  alarms = {
    cpu = {
      metric_name = "EngineCPUUtilization"
      statistic   = "Average"
      comparison  = "GreaterThanThreshold"
      threshold   = 80
      summary     = "The engine's one thread is nearly busy."
    }
    evictions = {
      metric_name = "Evictions"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = 1000
      summary     = "Memory is short: entries are given up before they expire."
    }
    memory = {
      metric_name = "DatabaseMemoryUsagePercentage"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 85
      summary     = "Memory is nearly full."
    }
    replication-lag = {
      metric_name = "ReplicationLag"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 5
      summary     = "A replica is seconds behind: a promotion would lose them."
    }
    authentication = {
      metric_name = "AuthenticationFailures"
      statistic   = "Sum"
      comparison  = "GreaterThanThreshold"
      threshold   = 10
      summary     = "Log-ins are refused: a token or a role is wrong, or someone tries."
    }
  }

  # ElastiCache names the nodes of a group itself, by counting.
  node_alarms = merge([
    for key, alarm in local.alarms : {
      for node in range(1, 2 + var.replica_count) :
      format("%s-%03d", key, node) => merge(alarm, {
        node = format("%s-%03d", var.name, node)
      })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "node" {
  for_each = local.node_alarms

  alarm_name          = "${var.name}-cache-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/ElastiCache"
  metric_name         = each.value.metric_name
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  dimensions          = { CacheClusterId = each.value.node }

  depends_on = [aws_elasticache_replication_group.main]
}
