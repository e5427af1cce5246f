resource "aws_scheduler_schedule_group" "main" {
  name = "${var.name}-table-export"
}

resource "aws_scheduler_schedule" "export" {
  for_each = aws_dynamodb_table.main

  name        = "${var.name}-${each.key}-export"
  description = "Daily export of ${each.value.name} for the standby"
  group_name  = aws_scheduler_schedule_group.main.name
  kms_key_arn = var.key_arn
  state       = "ENABLED"

  schedule_expression          = var.export.schedule
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime"
    role_arn = aws_iam_role.export.arn
    input = jsonencode({
      TableArn       = each.value.arn
      S3Bucket       = aws_s3_bucket.export.id
      S3BucketOwner  = var.account_id
      S3Prefix       = each.key
      S3SseAlgorithm = "KMS"
      S3SseKmsKeyId  = var.key_arn
      ExportFormat   = "DYNAMODB_JSON"
      ExportType     = "FULL_EXPORT"
    })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }

    dead_letter_config {
      arn = aws_sqs_queue.export_failed.arn
    }
  }
}

resource "aws_sqs_queue" "export_failed" {
  name                              = "${var.name}-table-export-failed"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 300
}

data "aws_iam_policy_document" "export_failed" {
  statement {
    sid       = "DenyPlaintext"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.export_failed.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "export_failed" {
  queue_url = aws_sqs_queue.export_failed.id
  policy    = data.aws_iam_policy_document.export_failed.json
}
