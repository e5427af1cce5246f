output "access_log_bucket" {
  description = "Bucket that takes the S3 access logs of this region."
  value       = aws_s3_bucket.access_log.id

  depends_on = [aws_s3_bucket_policy.access_log]
}

output "bucket_name" {
  description = "Bucket that holds the state."
  value       = aws_s3_bucket.main.id

  depends_on = [
    aws_s3_bucket_policy.main,
    aws_s3_bucket_public_access_block.main,
    aws_s3_bucket_versioning.main,
  ]
}

output "key_alias" {
  description = "Alias of the key, the same in both regions."
  value       = aws_kms_alias.main.name
}

output "key_arn" {
  description = "Key that encrypts the state."
  value       = aws_kms_key.main.arn
}

output "replica_bucket_name" {
  description = "Copy of the state in the peer region."
  value       = aws_s3_bucket.replica.id
}
