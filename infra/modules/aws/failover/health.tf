# Route 53 does not validate certificates; the observers do.
resource "aws_route53_health_check" "primary" {
  reference_name    = "${var.environment}-primary"
  type              = "HTTPS_STR_MATCH"
  fqdn              = aws_route53_record.probe.fqdn
  port              = 443
  resource_path     = var.check.path
  search_string     = var.check.search_string
  request_interval  = var.check.request_interval_s
  failure_threshold = var.check.failure_threshold
  measure_latency   = true
  enable_sni        = true
  regions           = var.check.regions

  tags = { Name = "${var.name}-primary" }
}

resource "aws_route53_health_check" "standby" {
  reference_name    = "${var.environment}-standby"
  type              = "HTTPS_STR_MATCH"
  fqdn              = local.host
  ip_address        = var.standby.address
  port              = 443
  resource_path     = var.check.path
  search_string     = var.check.search_string
  request_interval  = var.check.request_interval_s
  failure_threshold = var.check.failure_threshold
  measure_latency   = true
  enable_sni        = true
  regions           = var.check.regions

  tags = { Name = "${var.name}-standby" }
}

# The latch. Once the standby writes, a primary that comes back must not get traffic
# back by itself. The runbook sets it with one number that Route 53's checkers read:
# no call to Route 53's control plane, which lives in one region.
resource "aws_cloudwatch_metric_alarm" "relieved" {
  alarm_name          = "${var.name}-primary-relieved"
  alarm_description   = "The primary of ${var.environment} is relieved: traffic stays with the standby until failback."
  namespace           = local.namespace
  metric_name         = local.latch
  statistic           = "Maximum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "ignore"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_route53_health_check" "relieved" {
  reference_name                  = "${var.environment}-relieved"
  type                            = "CLOUDWATCH_METRIC"
  cloudwatch_alarm_name           = aws_cloudwatch_metric_alarm.relieved.alarm_name
  cloudwatch_alarm_region         = var.region
  insufficient_data_health_status = "LastKnownStatus"

  tags = { Name = "${var.name}-relieved" }
}

# In charge: answers, and has not been relieved.
resource "aws_route53_health_check" "in_charge" {
  reference_name         = "${var.environment}-in-charge"
  type                   = "CALCULATED"
  child_health_threshold = 2
  child_healthchecks = [
    aws_route53_health_check.primary.id,
    aws_route53_health_check.relieved.id,
  ]

  tags = { Name = "${var.name}-in-charge" }
}

# Route 53 publishes its metrics in the peer region, us-east-1, only.
resource "aws_cloudwatch_metric_alarm" "site" {
  provider = aws.peer

  for_each = {
    primary = aws_route53_health_check.primary.id
    standby = aws_route53_health_check.standby.id
  }

  alarm_name          = "${var.name}-${each.key}-down"
  alarm_description   = "The ${each.key} of ${var.environment} does not answer Route 53's checkers."
  namespace           = "AWS/Route53"
  metric_name         = "HealthCheckStatus"
  dimensions          = { HealthCheckId = each.value }
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.peer_topic_arn]
  ok_actions          = [var.peer_topic_arn]
}

locals {
  latch     = "PrimaryRelieved"
  namespace = "${var.name}/failover"
}
