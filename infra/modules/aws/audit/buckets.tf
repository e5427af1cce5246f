# Two buckets, because AWS Config refuses to deliver into one that locks by default.
resource "aws_s3_bucket" "main" {
  for_each = local.buckets

  bucket              = each.value.name
  object_lock_enabled = each.value.locked
  force_destroy       = false
}

resource "aws_s3_bucket_versioning" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

# Compliance mode: until the last day nobody can shorten it, the root user included.
resource "aws_s3_bucket_object_lock_configuration" "main" {
  bucket = aws_s3_bucket.main["trail"].id

  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.retention_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.main]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "main" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.main[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_logging" "main" {
  for_each = local.buckets

  bucket        = aws_s3_bucket.main[each.key].id
  target_bucket = var.access_log_bucket
  target_prefix = "${each.value.name}/"
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    id     = "archive"
    status = "Enabled"

    filter {}

    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }

    expiration {
      days = var.retention_days + 90
    }

    noncurrent_version_expiration {
      noncurrent_days = var.retention_days + 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.main]
}

resource "aws_s3_bucket_policy" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "s3:*"
        Resource  = [each.value.arn, "${each.value.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "CheckBucket"
        Effect    = "Allow"
        Principal = { Service = each.value.writer }
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = each.value.arn
        Condition = { StringEquals = each.value.condition }
      },
      {
        Sid       = "Deliver"
        Effect    = "Allow"
        Principal = { Service = each.value.writer }
        Action    = "s3:PutObject"
        Resource  = "${each.value.arn}/AWSLogs/${var.account_id}/*"
        Condition = { StringEquals = merge(each.value.condition, {
          "s3:x-amz-acl" = "bucket-owner-full-control"
        }) }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.main]
}

locals {
  buckets = {
    trail = {
      name      = "${var.name}-audit-${var.account_id}"
      arn       = "arn:aws:s3:::${var.name}-audit-${var.account_id}"
      locked    = true
      writer    = "cloudtrail.amazonaws.com"
      condition = { "aws:SourceArn" = local.trail_arn }
    }
    config = {
      name      = "${var.name}-config-${var.account_id}"
      arn       = "arn:aws:s3:::${var.name}-config-${var.account_id}"
      locked    = false
      writer    = "config.amazonaws.com"
      condition = { "aws:SourceAccount" = var.account_id }
    }
  }
}
