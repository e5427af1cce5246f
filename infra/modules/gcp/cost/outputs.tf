output "budget_name" {
  description = "Budget of the project."
  value       = google_billing_budget.main.name
}

output "budget_topic_id" {
  description = "Topic that the budget reports to."
  value       = google_pubsub_topic.budget.id
}

output "commitments" {
  description = "What is bought in advance, by service."
  value       = var.commitments
}
