output "cluster_arn" {
  description = "ARN of the primary cluster."
  value       = aws_rds_cluster.primary.arn
}

output "cluster_id" {
  description = "Identifier of the primary cluster."
  value       = aws_rds_cluster.primary.cluster_identifier
}

output "cluster_resource_id" {
  description = "Resource id that IAM policies for database log-in name."
  value       = aws_rds_cluster.primary.cluster_resource_id
}

output "databases" {
  description = "Databases by owning service."
  value       = var.databases
}

output "endpoint" {
  description = "Host of the writer."
  value       = aws_rds_cluster.primary.endpoint

  depends_on = [aws_rds_cluster_instance.primary]
}

output "global_cluster_id" {
  description = "Identifier of the global database."
  value       = aws_rds_global_cluster.main.id
}

output "master_secret_arn" {
  description = "Secret of the master role."
  value       = aws_secretsmanager_secret.master.arn

  depends_on = [aws_secretsmanager_secret_version.master]
}

output "peer_cluster_arn" {
  description = "ARN of the secondary cluster."
  value       = aws_rds_cluster.peer.arn
}

output "peer_endpoint" {
  description = "Host of the writer once the peer is promoted."
  value       = aws_rds_cluster.peer.endpoint
}

output "port" {
  description = "Port of PostgreSQL."
  value       = aws_rds_cluster.primary.port
}

output "reader_endpoint" {
  description = "Host of the readers."
  value       = aws_rds_cluster.primary.reader_endpoint

  depends_on = [aws_rds_cluster_instance.primary]
}

output "security_group_id" {
  description = "Security group of the primary cluster."
  value       = aws_security_group.primary.id
}

output "subnet_group_name" {
  description = "Subnet group of the primary cluster."
  value       = aws_db_subnet_group.primary.name
}
