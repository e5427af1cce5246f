output "role_arns" {
  description = "Role of each namespace/serviceaccount."
  value       = { for key, role in aws_iam_role.main : key => role.arn }
}

output "role_names" {
  description = "Name of the role of each namespace/serviceaccount."
  value       = { for key, role in aws_iam_role.main : key => role.name }
}
