# What the runbooks call: one function that counts votes and can do nothing else, and
# one that speaks to the databases of both sites and cannot change the epoch. The
# keeper is the same program as the operator, woken each minute.
resource "aws_lambda_function" "main" {
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  description      = each.value.description
  role             = aws_iam_role.function[each.key].arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = each.value.handler
  filename         = "${path.module}/files/${split(".", each.value.handler)[0]}.zip"
  source_code_hash = filebase64sha256("${path.module}/files/${split(".", each.value.handler)[0]}.py")
  timeout          = each.value.timeout_s
  memory_size      = 256
  kms_key_arn      = aws_kms_key.main.arn

  reserved_concurrent_executions = 5

  environment {
    variables = each.value.settings
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function[each.key].name
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = "Active"
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.main.arn
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = each.key
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(each.value.rights, local.function_rights)
  })
}

locals {
  functions = {
    keeper = {
      description = "Renews the lease of the writer."
      handler     = "steps.keep"
      timeout_s   = local.minute_s
      settings    = local.keeper_settings
      rights      = local.operator_rights
    }

    operator = {
      description = "Opens, closes, measures and probes the databases of a site."
      handler     = "steps.handle"
      timeout_s   = 60
      settings    = local.operator_settings
      rights      = local.operator_rights
    }

    witness = {
      description = "Counts the fresh votes of the observers."
      handler     = "witness.handle"
      timeout_s   = 10
      settings = {
        TABLE     = local.table
        OBSERVERS = join(",", keys(var.observers))
        QUORUM    = tostring(var.runbook.quorum)
        FAILURES  = tostring(var.check.failure_threshold)
      }
      rights = [
        {
          Sid      = "ReadVotes"
          Effect   = "Allow"
          Action   = "dynamodb:BatchGetItem"
          Resource = local.table_arn
        },
        local.table_key_use,
      ]
    }
  }

  operator_settings = {
    HOST            = local.host
    PATH            = var.check.path
    TEXT            = var.check.search_string
    TABLE           = local.table
    PEER_REGION     = var.peer_region
    LEASE_S         = tostring(var.runbook.lease_s)
    STATEMENT_S     = "45"
    STANDBY_ADDRESS = var.standby.address

    PRIMARY = jsonencode({
      region    = var.primary.region
      cluster   = var.primary.cluster_arn
      secret    = var.primary.secret_arn
      databases = sort(values(var.primary.databases))
    })
    STANDBY = jsonencode({
      project         = var.standby.project
      instance        = var.standby.instance_name
      databases       = sort(values(var.standby.databases))
      audience        = var.standby.federation.audience
      service_account = var.standby.federation.service_account
    })
  }

  keeper_settings = merge(local.operator_settings, {
    EVERY_S     = tostring(var.runbook.renew_every_s)
    TURNS       = tostring(floor(local.minute_s / var.runbook.renew_every_s))
    STATEMENT_S = tostring(floor(var.runbook.renew_every_s / 2))
  })

  operator_rights = [
    {
      Sid      = "ReadWriter"
      Effect   = "Allow"
      Action   = "dynamodb:GetItem"
      Resource = [local.peer_table_arn, local.table_arn]
      Condition = { "ForAllValues:StringEquals" = {
        "dynamodb:LeadingKeys" = ["writer"]
      } }
    },
    local.table_key_use,
    {
      Sid      = "RunStatements"
      Effect   = "Allow"
      Action   = "rds-data:ExecuteStatement"
      Resource = var.primary.cluster_arn
    },
    {
      Sid      = "ReadCredential"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.primary.secret_arn
    },
    {
      Sid      = "DecryptCredential"
      Effect   = "Allow"
      Action   = "kms:Decrypt"
      Resource = "arn:aws:kms:${var.primary.region}:${var.account_id}:key/*"
      Condition = { StringEquals = {
        "kms:ViaService" = "secretsmanager.${var.primary.region}.amazonaws.com"
      } }
    },
  ]
}
