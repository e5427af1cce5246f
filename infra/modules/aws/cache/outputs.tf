output "arn" {
  description = "ARN of the replication group."
  value       = aws_elasticache_replication_group.main.arn
}

output "endpoint" {
  description = "Host of the primary."
  value       = aws_elasticache_replication_group.main.primary_endpoint_address
}

output "port" {
  description = "Port of Valkey."
  value       = aws_elasticache_replication_group.main.port
}

output "reader_endpoint" {
  description = "Host of the replicas."
  value       = aws_elasticache_replication_group.main.reader_endpoint_address
}

output "security_group_id" {
  description = "Security group of the cache."
  value       = aws_security_group.main.id
}

output "user_arns" {
  description = "ARNs that a service's role may connect as, by service."
  value       = { for key, user in aws_elasticache_user.service : key => user.arn }
}

output "user_names" {
  description = "Names to log in with, by service."
  value       = { for key, user in aws_elasticache_user.service : key => user.user_name }
}
