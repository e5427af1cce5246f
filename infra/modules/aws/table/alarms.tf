resource "aws_cloudwatch_metric_alarm" "throttled" {
  for_each = aws_dynamodb_table.main

  alarm_name          = "${var.name}-table-${each.key}-throttled"
  alarm_description   = "Requests to ${each.value.name} are throttled."
  namespace           = "AWS/DynamoDB"
  metric_name         = "ThrottledRequests"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  dimensions          = { TableName = each.value.name }
}

# Milliseconds until a write of this region is in the peer's replica.
resource "aws_cloudwatch_metric_alarm" "replication_latency" {
  for_each = aws_dynamodb_table.main

  alarm_name          = "${var.name}-table-${each.key}-replication-latency"
  alarm_description   = "The replica of ${each.value.name} lags behind."
  namespace           = "AWS/DynamoDB"
  metric_name         = "ReplicationLatency"
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarm_replication_latency_ms
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]

  dimensions = {
    TableName       = each.value.name
    ReceivingRegion = var.peer_region
  }

  depends_on = [aws_dynamodb_table_replica.peer]
}

resource "aws_cloudwatch_metric_alarm" "export_failed" {
  alarm_name          = "${var.name}-table-export-failed"
  alarm_description   = "An export for the standby could not be started."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  dimensions          = { QueueName = aws_sqs_queue.export_failed.name }
}
