output "facts" {
  description = "What the cluster is told, by name."
  value       = local._facts
}

output "facts_secret_id" {
  description = "Secret that holds the facts."
  value       = google_secret_manager_secret.facts.secret_id

  depends_on = [google_secret_manager_secret_version.facts]
}

output "rotation_subscription_name" {
  description = "Subscription on which rotations are announced."
  value       = google_pubsub_subscription.rotation.name
}

output "secret_ids" {
  description = "Secrets by key."
  value       = { for key, secret in google_secret_manager_secret.main : key => secret.secret_id }
}
