resource "aws_cloudwatch_log_metric_filter" "main" {
  for_each = local.watched

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.trail.name
  pattern        = each.value.pattern

  metric_transformation {
    name          = each.key
    namespace     = "${var.name}/audit"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = local.watched

  alarm_name          = "${var.name}-audit-${each.key}"
  alarm_description   = "The trail of ${var.environment} shows: ${each.key}."
  namespace           = "${var.name}/audit"
  metric_name         = aws_cloudwatch_log_metric_filter.main[each.key].metric_transformation[0].name
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [each.value.page ? var.topic_arn : var.ticket_topic_arn]
  ok_actions          = [each.value.page ? var.topic_arn : var.ticket_topic_arn]
}

# What the CIS AWS Foundations Benchmark wants watched.
locals {
  calls = {
    bucket-change = { page = false, events = [
      "DeleteBucketPolicy", "DeleteBucketReplication", "PutBucketAcl", "PutBucketPolicy",
      "PutBucketReplication",
    ] }
    config-change = { page = true, events = [
      "DeleteConfigurationRecorder", "DeleteDeliveryChannel", "PutConfigurationRecorder",
      "PutDeliveryChannel", "StopConfigurationRecorder",
    ] }
    identity-change = { page = false, events = [
      "AttachRolePolicy", "CreatePolicyVersion", "DeletePolicyVersion", "DeleteRolePolicy",
      "DetachRolePolicy", "PutRolePolicy",
    ] }
    key-loss = { page = true, events = ["DisableKey", "ScheduleKeyDeletion"] }
    network-change = { page = false, events = [
      "AttachInternetGateway", "CreateNetworkAclEntry", "CreateRoute", "DeleteRoute",
      "ReplaceNetworkAclEntry", "ReplaceRoute",
    ] }
    security-group-change = { page = false, events = [
      "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress", "CreateSecurityGroup",
      "DeleteSecurityGroup", "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress",
    ] }
    trail-change = { page = true, events = [
      "CreateTrail", "DeleteTrail", "StartLogging", "StopLogging", "UpdateTrail",
    ] }
  }

  conditions = {
    console-failed = { page = false, all = [
      "$.eventName = \"ConsoleLogin\"",
      "$.errorMessage = \"Failed authentication\"",
    ] }
    console-without-mfa = { page = true, all = [
      "$.eventName = \"ConsoleLogin\"",
      "$.additionalEventData.MFAUsed != \"Yes\"",
      "$.userIdentity.type = \"IAMUser\"",
      "$.responseElements.ConsoleLogin = \"Success\"",
    ] }
    root-use = { page = true, all = [
      "$.userIdentity.type = \"Root\"",
      "$.userIdentity.invokedBy NOT EXISTS",
      "$.eventType != \"AwsServiceEvent\"",
    ] }
    unauthorised = { page = false, all = [
      "($.errorCode = \"*UnauthorizedOperation\" || $.errorCode = \"AccessDenied*\")",
    ] }
  }

  watched = merge(
    { for name, call in local.calls : name => {
      page    = call.page
      pattern = "{ ${join(" || ", [for event in call.events : "$.eventName = \"${event}\""])} }"
    } },
    { for name, condition in local.conditions : name => {
      page    = condition.page
      pattern = "{ ${join(" && ", condition.all)} }"
    } },
  )
}
