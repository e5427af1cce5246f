output "export_bucket" {
  description = "Bucket of the exports, one prefix for each table."
  value       = aws_s3_bucket.export.id
}

output "export_bucket_arn" {
  description = "ARN of the bucket of the exports."
  value       = aws_s3_bucket.export.arn
}

output "replica_arns" {
  description = "ARNs of the peer region's replicas by key."
  value       = { for key, replica in aws_dynamodb_table_replica.peer : key => replica.arn }
}

output "stream_arns" {
  description = "ARNs of the tables' streams by key."
  value       = { for key, table in aws_dynamodb_table.main : key => table.stream_arn }
}

output "table_arns" {
  description = "ARNs of the tables by key."
  value       = { for key, table in aws_dynamodb_table.main : key => table.arn }
}

output "table_names" {
  description = "Names of the tables by key."
  value       = { for key, table in aws_dynamodb_table.main : key => table.name }
}
