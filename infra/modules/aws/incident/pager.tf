# The keys are set by hand, once: no version here, so none in the state either.
resource "aws_secretsmanager_secret" "pager" {
  for_each = var.pagers

  name                    = "${var.name}/pager/${each.key}"
  description             = "Integration key of ${each.key}."
  kms_key_id              = aws_kms_key.main.arn
  recovery_window_in_days = 30
  tags                    = { rotation = "owner" }

  replica {
    region     = var.peer_region
    kms_key_id = aws_kms_replica_key.peer.arn
  }
}

resource "aws_lambda_function" "pager" {
  function_name                  = local.function
  description                    = "Hands alarms to the one active pager."
  role                           = aws_iam_role.pager.arn
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  handler                        = "pager.handle"
  filename                       = "${path.module}/files/pager.zip"
  source_code_hash               = filebase64sha256("${path.module}/files/pager.py")
  timeout                        = 30
  memory_size                    = 128
  reserved_concurrent_executions = 2
  kms_key_arn                    = aws_kms_key.main.arn

  environment {
    variables = {
      PAGER    = local.active
      ENDPOINT = var.pagers[local.active].endpoint
      SECRET   = "${var.name}/pager/${local.active}"
    }
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.pager.name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_lambda_event_source_mapping" "pager" {
  event_source_arn        = aws_sqs_queue.page.arn
  function_name           = aws_lambda_function.pager.arn
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }
}

resource "aws_cloudwatch_log_group" "pager" {
  name              = "/aws/lambda/${local.function}"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_iam_role" "pager" {
  name = local.function
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "pager" {
  name = "page"
  role = aws_iam_role.pager.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = "arn:aws:sqs:${var.region}:${var.account_id}:${var.name}-pages"
      },
      {
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${var.name}/pager/${local.active}-??????"
      },
      {
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.main.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws/lambda/${local.function}:*"
      },
      {
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      },
    ]
  })
}

locals {
  active   = one([for name, pager in var.pagers : name if pager.active])
  function = "${var.name}-pager"
}
