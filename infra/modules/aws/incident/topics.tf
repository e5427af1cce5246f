# critical wakes somebody up, ticket waits for the morning.
resource "aws_sns_topic" "main" {
  for_each = local.severities

  name              = "${var.name}-${each.key}"
  kms_master_key_id = aws_kms_key.main.arn
  signature_version = 2

  http_failure_feedback_role_arn    = aws_iam_role.delivery.arn
  http_success_feedback_role_arn    = aws_iam_role.delivery.arn
  http_success_feedback_sample_rate = 100
  sqs_failure_feedback_role_arn     = aws_iam_role.delivery.arn
  sqs_success_feedback_role_arn     = aws_iam_role.delivery.arn
  sqs_success_feedback_sample_rate  = 100
}

resource "aws_sns_topic_policy" "main" {
  for_each = aws_sns_topic.main

  arn    = each.value.arn
  policy = local.topic_policies["${var.region}/${each.key}"]
}

# Route 53 and its health checks speak in the peer region only.
resource "aws_sns_topic" "peer" {
  provider = aws.peer

  name              = "${var.name}-critical"
  kms_master_key_id = aws_kms_replica_key.peer.arn
  signature_version = 2

  sqs_failure_feedback_role_arn    = aws_iam_role.delivery.arn
  sqs_success_feedback_role_arn    = aws_iam_role.delivery.arn
  sqs_success_feedback_sample_rate = 100
}

resource "aws_sns_topic_policy" "peer" {
  provider = aws.peer

  arn    = aws_sns_topic.peer.arn
  policy = local.topic_policies["${var.peer_region}/critical"]
}

resource "aws_sns_topic_subscription" "page" {
  topic_arn            = aws_sns_topic.main["critical"].arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.page.arn
  raw_message_delivery = false
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letter.arn })
}

# A subscription lives where its topic lives; the queue may be elsewhere.
resource "aws_sns_topic_subscription" "peer_page" {
  provider = aws.peer

  topic_arn            = aws_sns_topic.peer.arn
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.page.arn
  raw_message_delivery = false
}

resource "aws_sns_topic_subscription" "ticket" {
  for_each = var.ticket_addresses

  topic_arn = aws_sns_topic.main["ticket"].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_iam_role" "delivery" {
  name = "${var.name}-sns-delivery"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "delivery" {
  name = "log"
  role = aws_iam_role.delivery.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "logs:PutMetricFilter",
        "logs:PutRetentionPolicy",
      ]
      Resource = [for region in [var.region, var.peer_region] :
        "arn:aws:logs:${region}:${var.account_id}:log-group:sns/${region}/${var.account_id}/${var.name}-*"
      ]
    }]
  })
}

locals {
  severities = toset(["critical", "ticket"])

  topic_arns = merge(
    { for severity in local.severities : "${var.region}/${severity}" =>
    "arn:aws:sns:${var.region}:${var.account_id}:${var.name}-${severity}" },
    { "${var.peer_region}/critical" = "arn:aws:sns:${var.peer_region}:${var.account_id}:${var.name}-critical" },
  )

  topic_policies = { for key, arn in local.topic_arns : key => jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OwnServicesPublish"
        Effect    = "Allow"
        Principal = { Service = local.publishers }
        Action    = "sns:Publish"
        Resource  = arn
        Condition = { StringEquals = {
          "aws:SourceAccount" = var.account_id
        } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "sns:Publish"
        Resource  = arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  }) }
}
