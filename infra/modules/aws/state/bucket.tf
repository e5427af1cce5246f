resource "aws_s3_bucket" "main" {
  bucket              = var.bucket
  object_lock_enabled = true
  force_destroy       = false
}

resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "main" {
  bucket                  = aws_s3_bucket.main.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Governance, not compliance: a lock file that outlived its run must stay
# removable by a privileged hand.
resource "aws_s3_bucket_object_lock_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.retention.lock_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  bucket = aws_s3_bucket.main.id

  rule {
    id     = "noncurrent"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days           = var.retention.noncurrent_days
      newer_noncurrent_versions = var.retention.newer_versions
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.main]
}

resource "aws_s3_bucket_logging" "main" {
  bucket        = aws_s3_bucket.main.id
  target_bucket = aws_s3_bucket.access_log.id
  target_prefix = "${var.bucket}/"

  # S3 refuses a target that the log delivery may not write to yet.
  depends_on = [aws_s3_bucket_policy.access_log]
}

resource "aws_s3_bucket_policy" "main" {
  bucket = aws_s3_bucket.main.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(local.tls_only["main"], local.encrypted_only["main"])
  })

  depends_on = [aws_s3_bucket_public_access_block.main]
}

locals {
  bucket_arns = {
    main       = "arn:aws:s3:::${var.bucket}"
    replica    = "arn:aws:s3:::${var.bucket}-replica"
    access_log = "arn:aws:s3:::${var.bucket}-access-log"
  }

  tls_only = { for name, arn in local.bucket_arns : name => [{
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = { AWS = "*" }
    Action    = "s3:*"
    Resource  = [arn, "${arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] }

  # StringNotEquals also matches a request that names no encryption at all.
  encrypted_only = { for name, arn in local.bucket_arns : name => [{
    Sid       = "EncryptedOnly"
    Effect    = "Deny"
    Principal = { AWS = "*" }
    Action    = "s3:PutObject"
    Resource  = ["${arn}/*"]
    Condition = { StringNotEquals = {
      "s3:x-amz-server-side-encryption" = "aws:kms"
    } }
  }] }
}
