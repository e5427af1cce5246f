output "bridge_audience" {
  description = "Whom the bridge asks for its identity here."
  value       = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.bridge.name}"

  depends_on = [google_pubsub_topic_iam_member.bridge]
}

output "dead_letter_subscription_names" {
  description = "Subscriptions that hold what could not be handled, by topic's key."
  value       = { for key, subscription in google_pubsub_subscription.dead_letter : key => subscription.name }
}

output "endpoint" {
  description = "Where publishers and consumers connect."
  value       = "pubsub.googleapis.com:443"
}

output "subscription_names" {
  description = "Subscriptions by topic's key and consumer, such as orders/notifications."
  value       = { for key, subscription in google_pubsub_subscription.main : key => subscription.name }

  depends_on = [google_pubsub_subscription_iam_member.dead_letter]
}

output "topic_names" {
  description = "Topics by publishing service."
  value       = { for key, topic in google_pubsub_topic.main : key => topic.name }
}
