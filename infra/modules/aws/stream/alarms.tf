locals {
  cluster_alarms = {
    offline-partitions = {
      metric_name = "OfflinePartitionsCount"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      summary     = "Partitions have no leader: they can be neither written nor read."
    }
    active-controller = {
      metric_name = "ActiveControllerCount"
      statistic   = "Maximum"
      comparison  = "LessThanThreshold"
      threshold   = 1
      summary     = "The cluster has no active controller."
    }
  }

  broker_alarms = {
    under-min-isr = {
      metric_name = "UnderMinIsrPartitionCount"
      threshold   = 0
      summary     = "Writes with acks=all are refused for some partitions."
    }
    under-replicated = {
      metric_name = "UnderReplicatedPartitions"
      threshold   = 0
      summary     = "Some partitions are one broker from refusing writes."
    }
    disk = {
      metric_name = "KafkaDataLogsDiskUsed"
      threshold   = 85
      summary     = "The disk of a broker fills faster than it is grown."
    }
  }

  per_broker = merge([
    for key, alarm in local.broker_alarms : {
      for broker in range(1, var.broker_count + 1) :
      "${key}-${broker}" => merge(alarm, { broker = tostring(broker) })
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "cluster" {
  for_each = local.cluster_alarms

  alarm_name          = "${var.name}-stream-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/Kafka"
  metric_name         = each.value.metric_name
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 3
  datapoints_to_alarm = 3
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  dimensions          = { "Cluster Name" = aws_msk_cluster.main.cluster_name }
}

resource "aws_cloudwatch_metric_alarm" "broker" {
  for_each = local.per_broker

  alarm_name          = "${var.name}-stream-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "AWS/Kafka"
  metric_name         = each.value.metric_name
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "breaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    "Cluster Name" = aws_msk_cluster.main.cluster_name
    "Broker ID"    = each.value.broker
  }
}
