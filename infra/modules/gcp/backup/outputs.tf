output "plan_id" {
  description = "Plan that backups are made by."
  value       = google_gke_backup_backup_plan.main.id
}

output "restore_plan_id" {
  description = "Plan that backups are restored by."
  value       = google_gke_backup_restore_plan.main.id
}
