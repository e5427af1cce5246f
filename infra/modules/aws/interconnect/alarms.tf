locals {
  # A link that carries frames in clear is as bad as one that carries none.
  _link_states = {
    state      = "ConnectionState"
    encryption = "ConnectionEncryptionState"
  }

  _alarms = merge([
    for link in keys(var.links) : {
      for state, metric in local._link_states :
      "${link}-${state}" => { link = link, metric = metric }
    }
  ]...)
}

# Silence counts as down: a port that reports nothing is not known to work.
resource "aws_cloudwatch_metric_alarm" "connection" {
  for_each = local._alarms

  alarm_actions       = [var.alarm_topic_arn]
  alarm_description   = "A link to the standby is down or in clear; the other carries all traffic"
  alarm_name          = "${var.name}-connection-${each.key}"
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    ConnectionId = aws_dx_connection.main[each.value.link].id
  }
  evaluation_periods = 3
  metric_name        = each.value.metric
  namespace          = "AWS/DX"
  ok_actions         = [var.alarm_topic_arn]
  period             = 60
  statistic          = "Minimum"
  threshold          = 1
  treat_missing_data = "breaching"
}
