resource "aws_sfn_state_machine" "main" {
  for_each = local.runbooks

  name       = "${var.name}-${each.key}"
  type       = "STANDARD"
  role_arn   = aws_iam_role.runbook.arn
  definition = each.value

  encryption_configuration {
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
    kms_key_id                        = aws_kms_key.main.arn
    kms_data_key_reuse_period_seconds = 300
  }

  logging_configuration {
    level                  = "ALL"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.runbook[each.key].arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.runbook]
}

resource "aws_cloudwatch_log_group" "runbook" {
  for_each = local.runbooks

  name              = "/aws/vendedlogs/states/${var.name}-${each.key}"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_iam_role" "runbook" {
  name = "${var.name}-runbook"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnLike      = { "aws:SourceArn" = values(local.runbook_arns) }
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "runbook" {
  name = "run"
  role = aws_iam_role.runbook.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "MoveTheEpoch"
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        Resource = local.table_arn
        Condition = { "ForAllValues:StringEquals" = {
          "dynamodb:LeadingKeys" = ["writer"]
        } }
      },
      local.table_key_use,
      {
        Sid      = "CallFunctions"
        Effect   = "Allow"
        Action   = "lambda:InvokeFunction"
        Resource = [for arn in local.function_arns : arn]
      },
      {
        Sid      = "SetTheLatch"
        Effect   = "Allow"
        Action   = "cloudwatch:PutMetricData"
        Resource = "*"
        Condition = { StringEquals = {
          "cloudwatch:namespace" = local.namespace
        } }
      },
      {
        Sid      = "Announce"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = var.topic_arn
      },
      {
        Sid      = "AnnounceEncrypted"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = var.topic_key_arn
      },
      {
        Sid      = "OwnExecutionData"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.main.arn
        Condition = { StringEquals = {
          "kms:EncryptionContext:aws:states:stateMachineArn" = values(local.runbook_arns)
        } }
      },
      {
        Sid    = "Log"
        Effect = "Allow"
        Action = [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:DescribeLogGroups",
          "logs:DescribeResourcePolicies",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ]
        Resource = "*"
      },
      {
        Sid    = "Trace"
        Effect = "Allow"
        Action = [
          "xray:GetSamplingRules",
          "xray:GetSamplingTargets",
          "xray:PutTelemetryRecords",
          "xray:PutTraceSegments",
        ]
        Resource = "*"
      },
    ]
  })
}

# The hands behind the human gates: may answer them, may start nothing.
resource "aws_iam_policy" "approver" {
  name        = "${var.name}-approver"
  description = "Answers the gates of the runbooks of ${var.environment}."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["states:SendTaskFailure", "states:SendTaskSuccess"]
        Resource = values(local.runbook_arns)
        Condition = { Bool = {
          "aws:MultiFactorAuthPresent" = "true"
        } }
      },
      {
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = aws_kms_key.main.arn
      },
    ]
  })
}

resource "aws_cloudwatch_metric_alarm" "runbook" {
  for_each = { for pair in setproduct(keys(local.runbooks), ["ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"]) :
    "${pair[0]}-${pair[1]}" => { runbook = pair[0], metric = pair[1] }
  }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "The ${each.value.runbook} of ${var.environment} ended as ${each.value.metric}: read its execution before anything else."
  namespace           = "AWS/States"
  metric_name         = each.value.metric
  dimensions          = { StateMachineArn = local.runbook_arns[each.value.runbook] }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic_arn]
}

# An observer that cannot vote costs the quorum on the day it is needed.
resource "aws_cloudwatch_metric_alarm" "observer" {
  alarm_name          = "${var.name}-observer-north-silent"
  alarm_description   = "The observer in ${var.region} has not run."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.observer.function_name }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "peer_observer" {
  provider = aws.peer

  alarm_name          = "${var.name}-observer-east-silent"
  alarm_description   = "The observer in ${var.peer_region} has not run."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.peer_observer.function_name }
  statistic           = "Sum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [var.peer_topic_arn]
  ok_actions          = [var.peer_topic_arn]
}

locals {
  function_arns = { for name in keys(local.functions) : name =>
    "arn:aws:lambda:${var.region}:${var.account_id}:function:${var.name}-${name}"
  }

  runbook_arns = { for name in ["failback", "promotion"] : name =>
    "arn:aws:states:${var.region}:${var.account_id}:stateMachine:${var.name}-${name}"
  }

  runbooks = { for name in ["failback", "promotion"] : name =>
    templatefile("${path.module}/files/${name}.asl.json", merge(
      var.runbook,
      {
        environment  = var.environment
        fence_wait_s = var.runbook.lease_s + var.runbook.longest_transaction_s
        latch        = local.latch
        namespace    = local.namespace
        operator     = local.function_arns.operator
        region       = var.region
        table        = local.table
        topic        = var.topic_arn
        witness      = local.function_arns.witness
      },
    ))
  }
}
