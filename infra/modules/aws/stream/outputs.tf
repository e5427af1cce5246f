output "bootstrap_brokers" {
  description = "Brokers to start from: IAM over TLS."
  value       = aws_msk_cluster.main.bootstrap_brokers_sasl_iam
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_msk_cluster.main.arn
}

output "cluster_uuid" {
  description = "Last part of the ARNs of the cluster's topics and groups."
  value       = aws_msk_cluster.main.cluster_uuid
}

output "configuration_arn" {
  description = "ARN of the stated properties."
  value       = aws_msk_configuration.main.arn
}

output "security_group_id" {
  description = "Security group of the brokers."
  value       = aws_security_group.main.id
}

output "topic_names" {
  description = "Names of the topics by owning service."
  value       = { for key, topic in var.topics : key => topic.name }
}

output "topics" {
  description = "What each topic must be made with, by owning service."
  value       = var.topics
}
