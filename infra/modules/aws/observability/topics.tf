locals {
  # Those who may say that something happened; all of them for this account.
  publishers = [
    "backup.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "events.amazonaws.com",
    "events.rds.amazonaws.com",
  ]
}

resource "aws_sns_topic" "alarm" {
  name              = "${var.name}-alarm"
  kms_master_key_id = var.key_arn
  signature_version = 2
}

resource "aws_sns_topic" "peer_alarm" {
  provider = aws.peer

  name              = "${var.name}-alarm"
  kms_master_key_id = var.peer_key_arn
  signature_version = 2
}

locals {
  # What both topics let be done to them; each adds its own name.
  topic_statements = [
    {
      Sid       = "Publish"
      Effect    = "Allow"
      Action    = ["sns:Publish"]
      Principal = { Service = local.publishers }
      Condition = { StringEquals = { "aws:SourceAccount" = [var.account_id] } }
    },
    {
      Sid       = "DenyPlaintext"
      Effect    = "Deny"
      Action    = ["sns:Publish"]
      Principal = { AWS = ["*"] }
      Condition = { Bool = { "aws:SecureTransport" = ["false"] } }
    },
  ]
}

resource "aws_sns_topic_policy" "alarm" {
  arn = aws_sns_topic.alarm.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for one in local.topic_statements : merge(one, { Resource = [aws_sns_topic.alarm.arn] })]
  })
}

resource "aws_sns_topic_policy" "peer_alarm" {
  provider = aws.peer

  arn = aws_sns_topic.peer_alarm.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for one in local.topic_statements : merge(one, { Resource = [aws_sns_topic.peer_alarm.arn] })]
  })
}

resource "aws_sns_topic_subscription" "alarm" {
  for_each = var.subscribers

  topic_arn = aws_sns_topic.alarm.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "peer_alarm" {
  provider = aws.peer
  for_each = var.subscribers

  topic_arn = aws_sns_topic.peer_alarm.arn
  protocol  = "email"
  endpoint  = each.value
}

# What cannot wait goes to the one queue that pages are made from: it lives in
# another region, and outlives this site. All the rest is mail.
locals {
  paged = jsonencode({
    AlarmName = [
      for alarm in [
        "audit-anonymous",
        "database-memory",
        "database-recovery-point-lag",
        "database-replication-slot-lag",
        "stream-active-controller",
        "stream-disk",
        "stream-offline-partitions",
        "stream-under-min-isr",
      ] : { prefix = "${var.name}-${alarm}" }
    ]
  })
}

resource "aws_sns_topic_subscription" "page" {
  topic_arn            = aws_sns_topic.alarm.arn
  protocol             = "sqs"
  endpoint             = var.page_queue_arn
  raw_message_delivery = false
  filter_policy        = local.paged
  filter_policy_scope  = "MessageBody"
}

resource "aws_sns_topic_subscription" "peer_page" {
  provider = aws.peer

  topic_arn            = aws_sns_topic.peer_alarm.arn
  protocol             = "sqs"
  endpoint             = var.page_queue_arn
  raw_message_delivery = false
  filter_policy        = local.paged
  filter_policy_scope  = "MessageBody"
}
