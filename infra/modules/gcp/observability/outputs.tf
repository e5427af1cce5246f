output "alarm_policy_ids" {
  description = "Alarms by name."
  value = merge(
    { for key, policy in google_monitoring_alert_policy.threshold : key => policy.id },
    { for key, policy in google_monitoring_alert_policy.event : key => policy.id },
    { uptime = google_monitoring_alert_policy.uptime.id },
  )
}

output "alarm_topic_id" {
  description = "Topic that alarms are sent to."
  value       = google_pubsub_topic.alarms.id
}

output "bucket_ids" {
  description = "Log buckets by what they hold."
  value       = { for key, bucket in google_logging_project_bucket_config.main : key => bucket.id }
}

output "channel_ids" {
  description = "Notification channels by name."
  value = {
    mail  = google_monitoring_notification_channel.mail.id
    pager = google_monitoring_notification_channel.pager.id
  }
}

output "pager_subscription_name" {
  description = "Subscription that the pager's bridge reads."
  value       = google_pubsub_subscription.pager.name
}
