resource "aws_s3_bucket" "report" {
  bucket        = "${var.name}-${var.account_id}-backup-report"
  force_destroy = false
}

resource "aws_s3_bucket_versioning" "report" {
  bucket = aws_s3_bucket.report.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "report" {
  bucket = aws_s3_bucket.report.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "report" {
  bucket = aws_s3_bucket.report.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "report" {
  bucket = aws_s3_bucket.report.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "report" {
  bucket = aws_s3_bucket.report.id

  rule {
    id     = "expire-reports"
    status = "Enabled"

    filter {}

    expiration {
      days = var.retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.report]
}

data "aws_iam_policy_document" "report" {
  statement {
    sid     = "DenyPlaintext"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      aws_s3_bucket.report.arn,
      "${aws_s3_bucket.report.arn}/*",
    ]

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

  statement {
    sid       = "DeliverReports"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.report.arn}/*"]

    principals {
      type = "AWS"
      identifiers = [join("", [
        "arn:aws:iam::${var.account_id}:role/aws-service-role",
        "/reports.backup.amazonaws.com/AWSServiceRoleForBackupReports",
      ])]
    }
  }
}

resource "aws_s3_bucket_policy" "report" {
  bucket = aws_s3_bucket.report.id
  policy = data.aws_iam_policy_document.report.json

  depends_on = [aws_s3_bucket_public_access_block.report]
}
