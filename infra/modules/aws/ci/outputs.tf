output "boundary_arn" {
  description = "Permissions boundary of the pipelines."
  value       = aws_iam_policy.boundary.arn
}

output "oidc_provider_arn" {
  description = "The account's trust in GitHub."
  value       = aws_iam_openid_connect_provider.main.arn
}

output "role_arns" {
  description = "Roles of the pipelines: plan, apply, publish."
  value       = { for name, role in aws_iam_role.main : name => role.arn }
}
