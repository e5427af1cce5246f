output "alarm_arns" {
  description = "ARNs of the alarms by name."
  value = merge(
    { for key, alarm in aws_cloudwatch_metric_alarm.audit : "audit-${key}" => alarm.arn },
    { for key, alarm in aws_cloudwatch_metric_alarm.search : "search-${key}" => alarm.arn },
    { prometheus-discarded = aws_cloudwatch_metric_alarm.discarded_samples.arn },
  )
}

output "alarm_topic_arn" {
  description = "Topic that alarms of this region are sent to."
  value       = aws_sns_topic.alarm.arn

  depends_on = [aws_sns_topic_policy.alarm]
}

output "log_group_names" {
  description = "Names of the log groups by what they hold."
  value       = { for key, group in aws_cloudwatch_log_group.main : key => group.name }
}

output "peer_alarm_topic_arn" {
  description = "Topic that alarms of the peer region are sent to."
  value       = aws_sns_topic.peer_alarm.arn

  depends_on = [aws_sns_topic_policy.peer_alarm]
}

output "search_admin_role_arn" {
  description = "Role that administers the domain."
  value       = aws_iam_role.search_admin.arn
}

output "search_domain_arn" {
  description = "ARN of the OpenSearch domain."
  value       = aws_opensearch_domain.main.arn
}

output "search_endpoint" {
  description = "Host of the OpenSearch domain."
  value       = aws_opensearch_domain.main.endpoint
}

output "workspace_arn" {
  description = "ARN of the Prometheus workspace."
  value       = aws_prometheus_workspace.main.arn
}

output "workspace_endpoint" {
  description = "Where Prometheus writes to."
  value       = aws_prometheus_workspace.main.prometheus_endpoint
}
