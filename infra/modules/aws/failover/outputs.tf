output "approver_policy_arn" {
  description = "Policy for those who answer the human gates."
  value       = aws_iam_policy.approver.arn
}

output "epoch_table_name" {
  description = "Table of the epoch and of the votes."
  value       = aws_dynamodb_table.main.name
}

output "failback_runbook_arn" {
  description = "State machine of the failback."
  value       = aws_sfn_state_machine.main["failback"].arn
}

output "health_check_ids" {
  description = "Route 53 health checks: of the sites (primary, standby), of the latch (relieved), and of both together (in_charge)."
  value = {
    in_charge = aws_route53_health_check.in_charge.id
    primary   = aws_route53_health_check.primary.id
    relieved  = aws_route53_health_check.relieved.id
    standby   = aws_route53_health_check.standby.id
  }
}

output "observer_role_arns" {
  description = "Roles of the observers; the one with the standby is assumed by its service account failover/observer."
  value       = { for name, role in aws_iam_role.observer : name => role.arn }
}

output "probe_host" {
  description = "Name under which the gateway of the primary must also answer: Route 53's checkers use it."
  value       = aws_route53_record.probe.fqdn
}

output "record_fqdn" {
  description = "The production name."
  value       = aws_route53_record.primary.fqdn
}

output "runbook_arn" {
  description = "State machine of the promotion."
  value       = aws_sfn_state_machine.main["promotion"].arn
}

output "ttl_s" {
  description = "How long the answer of each site is cached, and the delegation."
  value = {
    delegation = var.ttl_s.delegation
    primary    = local.alias_ttl_s
    standby    = var.ttl_s.record
  }
}
