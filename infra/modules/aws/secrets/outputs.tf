output "facts" {
  description = "What the cluster is told, by name."
  value       = local.facts
}

output "facts_secret_arn" {
  description = "Secret that holds the facts."
  value       = aws_secretsmanager_secret.facts.arn
}

output "facts_secret_name" {
  description = "Name of the secret that holds the facts."
  value       = aws_secretsmanager_secret.facts.name
}

output "rotation_function_arn" {
  description = "Function that rotates the database secrets."
  value       = aws_lambda_function.rotation.arn
}

output "secret_arns" {
  description = "ARNs of the secrets by key."
  value       = { for key, secret in aws_secretsmanager_secret.main : key => secret.arn }
}

output "secret_names" {
  description = "Names of the secrets by key."
  value       = { for key, secret in aws_secretsmanager_secret.main : key => secret.name }
}
