locals {
  search_alarms = {
    red = {
      metric_name = "ClusterStatus.red"
      statistic   = "Maximum"
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      summary     = "Primary shards are missing: logs cannot be found."
    }
    writes-blocked = {
      metric_name = "ClusterIndexWritesBlocked"
      statistic   = "Maximum"
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      summary     = "The domain refuses to write: logs are being dropped."
    }
    # Megabytes; the metric is that of the fullest node.
    storage = {
      metric_name = "FreeStorageSpace"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = var.search.volume_gb * 1024 * 0.2
      summary     = "A fifth of a node's disk is left."
    }
    memory = {
      metric_name = "JVMMemoryPressure"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 90
      summary     = "The heap is nearly full."
    }
    key = {
      metric_name = "KMSKeyError"
      statistic   = "Maximum"
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1
      summary     = "The domain cannot use its key."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "search" {
  for_each = local.search_alarms

  alarm_name          = "${var.name}-search-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/ES"
  metric_name         = each.value.metric_name
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  # A domain that is gone reports nothing: the one metric that it must always report then tells.
  treat_missing_data = startswith(each.value.comparison, "LessThan") ? "breaching" : "notBreaching"
  alarm_actions      = [aws_sns_topic.alarm.arn]
  ok_actions         = [aws_sns_topic.alarm.arn]

  dimensions = {
    DomainName = aws_opensearch_domain.main.domain_name
    ClientId   = var.account_id
  }
}

# Rejected samples are alerts that cannot fire.
resource "aws_cloudwatch_metric_alarm" "discarded_samples" {
  alarm_name          = "${var.name}-prometheus-discarded"
  alarm_description   = "The workspace discards samples."
  namespace           = "AWS/Prometheus"
  metric_name         = "DiscardedSamples"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm.arn]
  ok_actions          = [aws_sns_topic.alarm.arn]
  dimensions          = { Workspace = aws_prometheus_workspace.main.id }
}
