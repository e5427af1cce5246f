output "certificate_arn" {
  description = "Validated certificate of the shop."
  value       = aws_acm_certificate_validation.main.certificate_arn
}

output "host" {
  description = "Public name of the shop."
  value       = local._host
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.main.arn
}

output "load_balancer_arn_suffix" {
  description = "The load balancer as CloudWatch names it."
  value       = aws_lb.main.arn_suffix
}

output "load_balancer_dns_name" {
  description = "DNS name of the load balancer."
  value       = aws_lb.main.dns_name
}

output "load_balancer_zone_id" {
  description = "Zone of the load balancer's name, for alias records."
  value       = aws_lb.main.zone_id
}

output "log_bucket" {
  description = "Bucket of the access and connection logs."
  value       = aws_s3_bucket.logs.bucket
}

output "security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.main.id
}

output "target_group_arn" {
  description = "Target group to which the gateway's pods are bound."
  value       = aws_lb_target_group.gateway.arn
}

output "target_group_arn_suffix" {
  description = "The target group as CloudWatch names it."
  value       = aws_lb_target_group.gateway.arn_suffix
}

output "web_acl_arn" {
  description = "Web ACL in front of the load balancer."
  value       = aws_wafv2_web_acl.main.arn
}
