# A failed step is retried; a failure of any kind still wants to be seen before
# the interval is over.
resource "aws_cloudwatch_metric_alarm" "rotation_errors" {
  alarm_name          = "${var.name}-secret-rotation-errors"
  alarm_description   = "A rotation step has failed."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic_arn]
  ok_actions          = [var.alarm_topic_arn]
  dimensions          = { FunctionName = aws_lambda_function.rotation.function_name }
}

resource "aws_cloudwatch_metric_alarm" "rotation_failed" {
  alarm_name          = "${var.name}-secret-rotation-failed"
  alarm_description   = "A rotation was given up."
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
  dimensions          = { QueueName = aws_sqs_queue.rotation_failed.name }
}

# What Secrets Manager itself says, also when the function was never reached.
resource "aws_cloudwatch_event_rule" "rotation_failed" {
  name        = "${var.name}-secret-rotation-failed"
  description = "Secrets Manager has given up a rotation"
  state       = "ENABLED"
  event_pattern = jsonencode({
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS Service Event via CloudTrail"]
    detail      = { eventName = ["RotationAbandoned", "RotationFailed"] }
  })
}

resource "aws_cloudwatch_event_target" "rotation_failed" {
  rule      = aws_cloudwatch_event_rule.rotation_failed.name
  target_id = "alarm-topic"
  arn       = var.alarm_topic_arn
}
