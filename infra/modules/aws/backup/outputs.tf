output "framework_arn" {
  description = "Framework that says what is not protected."
  value       = aws_backup_framework.main.arn
}

output "peer_vault_arn" {
  description = "Vault of the copies."
  value       = aws_backup_vault.peer.arn
}

output "plan_id" {
  description = "Plan of the backups."
  value       = aws_backup_plan.main.id
}

output "report_bucket" {
  description = "Bucket of the reports."
  value       = aws_s3_bucket.report.id
}

output "restore_testing_plan_arn" {
  description = "Plan of the restore tests."
  value       = aws_backup_restore_testing_plan.main.arn
}

output "vault_arn" {
  description = "Vault of the recovery points."
  value       = aws_backup_vault.main.arn
}
