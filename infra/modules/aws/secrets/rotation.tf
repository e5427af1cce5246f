locals {
  rotated = {
    for key, secret in var.secrets : key => secret if secret.database != null
  }
}

# Rotation needs a version to start from. This one names the role that is not
# to be used first, and has no password; its own label keeps it from being
# cleaned up, which would make Terraform write it again over the current one.
resource "aws_secretsmanager_secret_version" "seed" {
  for_each = local.rotated

  secret_id      = aws_secretsmanager_secret.main[each.key].id
  version_stages = ["AWSCURRENT", "SEED"]
  secret_string = jsonencode({
    dbname   = each.value.database
    engine   = "postgres"
    host     = var.database.host
    port     = tostring(var.database.port)
    username = "${each.value.role}_b"
  })

  lifecycle {
    ignore_changes = [secret_string, version_stages]
  }
}

resource "aws_secretsmanager_secret_rotation" "main" {
  for_each = local.rotated

  secret_id           = aws_secretsmanager_secret.main[each.key].id
  rotation_lambda_arn = aws_lambda_function.rotation.arn
  rotate_immediately  = true

  rotation_rules {
    automatically_after_days = var.rotation.interval_days
    duration                 = var.rotation.window
  }

  depends_on = [
    aws_secretsmanager_secret_version.seed,
    aws_lambda_permission.rotation,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_ingress_rule.database,
  ]
}

resource "aws_lambda_function" "rotation" {
  function_name = "${var.name}-secret-rotation"
  description   = "Rotates the database secrets, two roles taking turns"
  role          = aws_iam_role.rotation.arn
  package_type  = "Image"
  image_uri     = var.rotation.image
  architectures = ["arm64"]
  memory_size   = 256
  timeout       = 60
  kms_key_arn   = var.key_arns.secrets

  # One rotation at a time of each secret, and no more sessions than that.
  reserved_concurrent_executions = length(local.rotated)

  image_config {
    command = ["rotate.handler"]
  }

  environment {
    variables = {
      CLIENTS = jsonencode({
        for key, secret in local.rotated : "${var.name}/${key}" => {
          dbname = secret.database
          role   = secret.role
        }
      })
      DATABASE_CA_FILE  = "/var/task/rds-global-bundle.pem"
      DATABASE_HOST     = var.database.host
      DATABASE_PORT     = tostring(var.database.port)
      DATABASE_SSLMODE  = "verify-full"
      MASTER_SECRET_ARN = var.database.master_secret_arn
    }
  }

  vpc_config {
    subnet_ids         = values(var.data_subnet_ids)
    security_group_ids = [aws_security_group.rotation.id]
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.rotation_failed.arn
  }

  tracing_config {
    mode = "Active"
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.rotation.name
  }

  depends_on = [aws_iam_role_policy.rotation]
}

resource "aws_lambda_permission" "rotation" {
  statement_id   = "SecretsManager"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.rotation.function_name
  principal      = "secretsmanager.amazonaws.com"
  source_account = var.account_id
}

resource "aws_cloudwatch_log_group" "rotation" {
  name              = "/aws/lambda/${var.name}-secret-rotation"
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arns.logs
}

resource "aws_sqs_queue" "rotation_failed" {
  name                              = "${var.name}-secret-rotation-failed"
  message_retention_seconds         = 1209600
  kms_master_key_id                 = var.key_arns.secrets
  kms_data_key_reuse_period_seconds = 300
}

data "aws_iam_policy_document" "rotation_failed" {
  statement {
    sid       = "DenyPlaintext"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [aws_sqs_queue.rotation_failed.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "rotation_failed" {
  queue_url = aws_sqs_queue.rotation_failed.id
  policy    = data.aws_iam_policy_document.rotation_failed.json
}
