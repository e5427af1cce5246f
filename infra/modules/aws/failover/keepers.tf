# A second keeper, so that the loss of one region does not end the writer's lease. Each
# reads the epoch in its own region; the runbook waits until both know the new holder.
resource "aws_lambda_function" "peer_keeper" {
  provider = aws.peer

  function_name    = "${var.name}-keeper"
  description      = local.functions.keeper.description
  role             = aws_iam_role.function["keeper"].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = local.functions.keeper.handler
  filename         = "${path.module}/files/steps.zip"
  source_code_hash = filebase64sha256("${path.module}/files/steps.py")
  timeout          = local.functions.keeper.timeout_s
  memory_size      = 256
  kms_key_arn      = aws_kms_replica_key.peer.arn

  reserved_concurrent_executions = 5

  environment {
    variables = local.keeper_settings
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.peer_keeper.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_cloudwatch_log_group" "peer_keeper" {
  provider = aws.peer

  name              = "/aws/lambda/${var.name}-keeper"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_replica_key.peer.arn
}

resource "aws_scheduler_schedule" "keeper" {
  name                         = "${var.name}-keeper"
  schedule_expression          = "rate(1 minutes)"
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_key.main.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.main["keeper"].arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }
  }
}

resource "aws_scheduler_schedule" "peer_keeper" {
  provider = aws.peer

  name                         = "${var.name}-keeper"
  schedule_expression          = "rate(1 minutes)"
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = aws_kms_replica_key.peer.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.peer_keeper.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }
  }
}
