# From the alarm, which is raised in the peer region, to the runbook, which runs in
# this one. A second start is harmless: the epoch moves once.
resource "aws_cloudwatch_event_rule" "peer_down" {
  provider = aws.peer

  name          = "${var.name}-primary-down"
  description   = "Sends the alarm to the region of the runbook."
  event_pattern = local.down
}

resource "aws_cloudwatch_event_target" "peer_down" {
  provider = aws.peer

  rule     = aws_cloudwatch_event_rule.peer_down.name
  arn      = aws_cloudwatch_event_bus.main.arn
  role_arn = aws_iam_role.event.arn

  retry_policy {
    maximum_event_age_in_seconds = 900
    maximum_retry_attempts       = 60
  }
}

resource "aws_cloudwatch_event_bus" "main" {
  name = "${var.name}-failover"
}

resource "aws_cloudwatch_event_bus_policy" "main" {
  event_bus_name = aws_cloudwatch_event_bus.main.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PeerRegionSends"
      Effect    = "Allow"
      Principal = { AWS = aws_iam_role.event.arn }
      Action    = "events:PutEvents"
      Resource  = local.bus_arn
    }]
  })
}

resource "aws_cloudwatch_event_rule" "down" {
  name           = "${var.name}-primary-down"
  description    = "Starts the promotion."
  event_bus_name = aws_cloudwatch_event_bus.main.name
  event_pattern  = local.down
}

resource "aws_cloudwatch_event_target" "down" {
  rule           = aws_cloudwatch_event_rule.down.name
  event_bus_name = aws_cloudwatch_event_bus.main.name
  arn            = aws_sfn_state_machine.main["promotion"].arn
  role_arn       = aws_iam_role.event.arn

  input_transformer {
    input_paths = {
      alarm  = "$.detail.alarmName"
      reason = "$.detail.state.reason"
    }
    input_template = "{\"dry_run\": false, \"cause\": \"<alarm>: <reason>\"}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 900
    maximum_retry_attempts       = 60
  }

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }
}

# The road that is never driven is closed when it is needed.
resource "aws_scheduler_schedule" "rehearsal" {
  name                         = "${var.name}-rehearsal"
  schedule_expression          = "cron(0 9 ? * TUE *)"
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_key.main.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.main["promotion"].arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode({ dry_run = true, cause = "weekly rehearsal" })

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 3
    }
  }
}

resource "aws_iam_role" "event" {
  name = "${var.name}-failover-event"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "event" {
  name = "start"
  role = aws_iam_role.event.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = "events:PutEvents"
        Resource = local.bus_arn
      },
      {
        Effect   = "Allow"
        Action   = "states:StartExecution"
        Resource = local.runbook_arns.promotion
      },
    ]
  })
}

locals {
  bus_arn = "arn:aws:events:${var.region}:${var.account_id}:event-bus/${var.name}-failover"

  down = jsonencode({
    source      = ["aws.cloudwatch"]
    detail-type = ["CloudWatch Alarm State Change"]
    detail = {
      alarmName = ["${var.name}-primary-down"]
      state     = { value = ["ALARM"] }
    }
  })
}
