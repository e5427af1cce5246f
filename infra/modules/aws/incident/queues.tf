resource "aws_sqs_queue" "page" {
  name                       = "${var.name}-pages"
  kms_master_key_id          = aws_kms_key.main.arn
  message_retention_seconds  = 86400
  visibility_timeout_seconds = 180
  receive_wait_time_seconds  = 20

  # Ten deliveries three minutes apart outlast a pager that answers 429 or 5xx for half an hour.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = 10
  })
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = "${var.name}-pages-dead-letter"
  kms_master_key_id         = aws_kms_key.main.arn
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letter" {
  queue_url = aws_sqs_queue.dead_letter.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.page.arn]
  })
}

resource "aws_sqs_queue_policy" "main" {
  for_each = {
    page        = aws_sqs_queue.page
    dead_letter = aws_sqs_queue.dead_letter
  }

  queue_url = each.value.url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnTopicsSend"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnLike = {
          "aws:SourceArn" = "arn:aws:sns:*:${var.account_id}:shop-${var.environment}-*"
        } }
      },
      {
        Sid       = "OwnRulesSend"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { StringEquals = {
          "aws:SourceAccount" = var.account_id
        } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# The page about pages that fail cannot be a page.
resource "aws_cloudwatch_metric_alarm" "undelivered" {
  for_each = {
    stuck = { queue = aws_sqs_queue.page.name, metric = "ApproximateAgeOfOldestMessage", threshold = 300 }
    lost  = { queue = aws_sqs_queue.dead_letter.name, metric = "ApproximateNumberOfMessagesVisible", threshold = 0 }
  }

  alarm_name          = "${var.name}-pages-${each.key}"
  alarm_description   = "Pages do not reach ${local.active}: ${each.value.metric} of ${each.value.queue}."
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.main["ticket"].arn]
  ok_actions          = [aws_sns_topic.main["ticket"].arn]
}
