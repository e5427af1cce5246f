output "active_pager" {
  description = "The pager that is called."
  value       = local.active
}

output "dead_letter_queue_arn" {
  description = "Where undelivered pages wait."
  value       = aws_sqs_queue.dead_letter.arn
}

output "key_arn" {
  description = "Key of the topics, queues and pager secrets."
  value       = aws_kms_key.main.arn
}

output "page_queue_arn" {
  description = "Queue of the pages, for topics of other regions to send to."
  value       = aws_sqs_queue.page.arn

  depends_on = [aws_sqs_queue_policy.main]
}

output "peer_key_arn" {
  description = "Replica of the key in the peer region."
  value       = aws_kms_replica_key.peer.arn
}

output "peer_topic_arn" {
  description = "Critical topic of the peer region."
  value       = aws_sns_topic.peer.arn

  depends_on = [aws_sns_topic_policy.peer]
}

output "retiring_pagers" {
  description = "Day on which the vendor ends the API, for each pager with an announced end."
  value = { for name, pager in var.pagers : name => pager.retires_on
  if pager.retires_on != null }
}

output "secret_arns" {
  description = "Secrets of the pager keys, by pager."
  value       = { for name, secret in aws_secretsmanager_secret.pager : name => secret.arn }
}

output "secret_names" {
  description = "Names of the secrets of the pager keys, by pager."
  value       = { for name, secret in aws_secretsmanager_secret.pager : name => secret.name }
}

output "ticket_topic_arn" {
  description = "Topic of what can wait for the morning."
  value       = aws_sns_topic.main["ticket"].arn

  depends_on = [aws_sns_topic_policy.main]
}

output "topic_arn" {
  description = "Topic of what cannot wait."
  value       = aws_sns_topic.main["critical"].arn

  depends_on = [aws_sns_topic_policy.main]
}
