# Three places that fail independently, each with one vote and the right to write no
# other: this region, the peer region, and the standby's cloud.
resource "aws_lambda_function" "observer" {
  function_name    = "${var.name}-observer-north"
  description      = "Votes on whether the primary answers, as seen from ${var.region}."
  role             = aws_iam_role.observer["north"].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "observer.handle"
  filename         = "${path.module}/files/observer.zip"
  source_code_hash = filebase64sha256("${path.module}/files/observer.py")
  timeout          = local.minute_s
  memory_size      = 128
  kms_key_arn      = aws_kms_key.main.arn

  reserved_concurrent_executions = 2

  environment {
    variables = merge(local.observer_settings, { OBSERVER = "north" })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.observer.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_function" "peer_observer" {
  provider = aws.peer

  function_name    = "${var.name}-observer-east"
  description      = "Votes on whether the primary answers, as seen from ${var.peer_region}."
  role             = aws_iam_role.observer["east"].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "observer.handle"
  filename         = "${path.module}/files/observer.zip"
  source_code_hash = filebase64sha256("${path.module}/files/observer.py")
  timeout          = local.minute_s
  memory_size      = 128
  kms_key_arn      = aws_kms_replica_key.peer.arn

  reserved_concurrent_executions = 2

  environment {
    variables = merge(local.observer_settings, { OBSERVER = "east" })
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.peer_observer.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_cloudwatch_log_group" "observer" {
  name              = "/aws/lambda/${var.name}-observer-north"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_cloudwatch_log_group" "peer_observer" {
  provider = aws.peer

  name              = "/aws/lambda/${var.name}-observer-east"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_replica_key.peer.arn
}

# The schedule is once a minute at best: one call looks several times.
resource "aws_scheduler_schedule" "observer" {
  name                         = "${var.name}-observer-north"
  schedule_expression          = "rate(1 minutes)"
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_key.main.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.observer.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }
}

resource "aws_scheduler_schedule" "peer_observer" {
  provider = aws.peer

  name                         = "${var.name}-observer-east"
  schedule_expression          = "rate(1 minutes)"
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_replica_key.peer.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.peer_observer.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }
}

# The third observer is a pod of the standby's cluster: its own service account token
# is its identity here, no key is handed over.
resource "aws_iam_openid_connect_provider" "standby" {
  url            = "https://${local.standby_issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "observer" {
  for_each = var.observers

  name                 = "${var.name}-observer-${each.key}"
  description          = "Writes the vote of ${each.key}."
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [each.value.place == "standby" ? {
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.standby.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.standby_issuer}:aud" = "sts.amazonaws.com"
        "${local.standby_issuer}:sub" = "system:serviceaccount:failover:observer"
      } }
      } : {
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "observer" {
  for_each = var.observers

  name = "vote"
  role = aws_iam_role.observer[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "OwnVoteOnly"
          Effect   = "Allow"
          Action   = "dynamodb:UpdateItem"
          Resource = each.value.place == "peer" ? local.peer_table_arn : local.table_arn
          Condition = { "ForAllValues:StringEquals" = {
            "dynamodb:LeadingKeys" = ["vote/${each.key}"]
          } }
        },
        local.table_key_use,
      ],
      [for statement in local.function_rights : statement if each.value.place != "standby"],
    )
  })
}

locals {
  # The scheduler calls once a minute; the rest of the minute is the call's own.
  minute_s = 60

  # The observers look as often and are as patient as Route 53's checkers.
  observer_settings = {
    TABLE       = local.table
    ADDRESS     = var.primary.load_balancer_dns_name
    HOST        = local.host
    PATH        = var.check.path
    TEXT        = var.check.search_string
    EVERY_S     = tostring(var.check.request_interval_s)
    LOOKS       = tostring(floor(local.minute_s / var.check.request_interval_s))
    CONNECT_S   = "4"
    ANSWER_S    = "2"
    VALID_S     = tostring(var.runbook.vote_valid_s)
    KEEP_VOTE_S = "86400"
  }

  standby_issuer = "container.googleapis.com/v1/${var.standby.cluster_id}"

  function_rights = [
    {
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:*:${var.account_id}:log-group:/aws/lambda/${var.name}-*"
    },
    {
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    },
    {
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = [aws_kms_key.main.arn, aws_kms_replica_key.peer.arn]
    },
  ]
}
