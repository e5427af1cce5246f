output "ds_record" {
  description = "What the parent zone must publish for the chain of trust."
  value       = aws_route53_key_signing_key.main.ds_record
}

output "name_servers" {
  description = "What the parent zone must delegate to."
  value       = aws_route53_zone.main.name_servers
}

output "query_log_group" {
  description = "Log group of the queries, in the peer region."
  value       = aws_cloudwatch_log_group.query.name
}

output "zone_arn" {
  description = "ARN of the public zone."
  value       = aws_route53_zone.main.arn
}

output "zone_id" {
  description = "Id of the public zone."
  value       = aws_route53_zone.main.zone_id
}

output "zone_name" {
  description = "Domain of the public zone."
  value       = aws_route53_zone.main.name
}
