data "aws_iam_policy_document" "export_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_scheduler_schedule_group.main.arn]
    }
  }
}

resource "aws_iam_role" "export" {
  name               = "${var.name}-table-export"
  description        = "Starts the daily exports of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.export_trust.json
}

data "aws_iam_policy_document" "export" {
  statement {
    sid       = "StartExport"
    actions   = ["dynamodb:ExportTableToPointInTime"]
    resources = [for table in aws_dynamodb_table.main : table.arn]
  }

  statement {
    sid = "WriteExport"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:PutObject",
    ]
    resources = ["${aws_s3_bucket.export.arn}/*"]
  }

  statement {
    sid       = "ReportFailure"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.export_failed.arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
}

resource "aws_iam_role_policy" "export" {
  name   = "export"
  role   = aws_iam_role.export.id
  policy = data.aws_iam_policy_document.export.json
}
