output "bucket_name" {
  description = "Bucket of the trail, which nobody can empty."
  value       = aws_s3_bucket.main["trail"].id

  depends_on = [aws_s3_bucket_object_lock_configuration.main]
}

output "config_bucket_name" {
  description = "Bucket that the recorders of all regions deliver to."
  value       = aws_s3_bucket.main["config"].id

  depends_on = [aws_s3_bucket_policy.main]
}

output "config_role_arn" {
  description = "Role of the recorders of all regions."
  value       = aws_iam_service_linked_role.config.arn
}

output "key_arn" {
  description = "Key of the records."
  value       = aws_kms_key.main.arn
}

output "log_group_name" {
  description = "Log group in which the trail can be searched."
  value       = aws_cloudwatch_log_group.trail.name
}

output "trail_arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.main.arn
}
