# CloudTrail's own log is the audit unit's; here it is the API server that
# tells who was refused, who was nobody, and who went inside a container.
locals {
  audit_metrics = {
    anonymous = {
      pattern   = "{ ($.user.username = \"system:anonymous\") && ($.responseStatus.code = 200) && ($.requestURI != \"/livez*\") && ($.requestURI != \"/readyz*\") && ($.requestURI != \"/healthz*\") && ($.requestURI != \"/version*\") }"
      threshold = 0
      summary   = "The API server has answered a caller without identity."
    }
    exec = {
      pattern   = "{ ($.objectRef.subresource = \"exec\" || $.objectRef.subresource = \"attach\") && ($.objectRef.resource = \"pods\") }"
      threshold = 0
      summary   = "Someone went inside a container."
    }
    refused = {
      pattern   = "{ ($.responseStatus.code = 401) || ($.responseStatus.code = 403) }"
      threshold = 50
      summary   = "The API server refuses many calls: a wrong role, or someone tries."
    }
    role-binding = {
      pattern   = "{ ($.objectRef.resource = \"clusterrolebindings\") && ($.verb = \"create\" || $.verb = \"update\" || $.verb = \"patch\" || $.verb = \"delete\") }"
      threshold = 0
      summary   = "A cluster-wide role binding was changed."
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "audit" {
  for_each = local.audit_metrics

  name           = "${var.name}-audit-${each.key}"
  log_group_name = var.audit_log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    name          = "${var.name}-audit-${each.key}"
    namespace     = "Platform/Audit"
    value         = "1"
    default_value = "0"
    unit          = "Count"
  }
}

resource "aws_cloudwatch_metric_alarm" "audit" {
  for_each = local.audit_metrics

  alarm_name          = "${var.name}-audit-${each.key}"
  alarm_description   = each.value.summary
  namespace           = "Platform/Audit"
  metric_name         = aws_cloudwatch_log_metric_filter.audit[each.key].metric_transformation[0].name
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarm.arn]
  ok_actions          = [aws_sns_topic.alarm.arn]
}
