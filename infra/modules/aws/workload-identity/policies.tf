# What "reads this secret" or "writes this topic" means in actions is said once,
# here; a workload only names what it touches. Keys may be used only through the
# service that holds the data.

locals {
  _topic_prefix = replace(var.stream_arn, ":cluster/", ":topic/")
  _group_prefix = replace(var.stream_arn, ":cluster/", ":group/")
}

data "aws_iam_policy_document" "workload" {
  for_each = local._workloads

  dynamic "statement" {
    for_each = length(each.value.secrets) > 0 ? [each.value.secrets] : []

    content {
      sid       = "ReadSecrets"
      resources = values(statement.value)
      actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
      ]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.secrets) > 0 ? ["secretsmanager"] : []

    content {
      sid       = "DecryptSecrets"
      actions   = ["kms:Decrypt"]
      resources = [var.key_arns.secrets]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${statement.value}.${var.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.tables_rw) > 0 ? [each.value.tables_rw] : []

    content {
      sid = "UseTables"
      actions = [
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
      ]
      resources = flatten([
        for arn in values(statement.value) : [arn, "${arn}/index/*"]
      ])
    }
  }

  dynamic "statement" {
    for_each = length(each.value.tables_rw) > 0 ? ["dynamodb"] : []

    content {
      sid       = "DecryptTables"
      actions   = ["kms:Decrypt", "kms:DescribeKey"]
      resources = [var.key_arns.table]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${statement.value}.${var.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = (
      length(each.value.topics_read) + length(each.value.topics_write) > 0
      ? [var.stream_arn] : []
    )

    content {
      sid       = "ConnectStream"
      resources = [statement.value]
      actions = concat(
        ["kafka-cluster:Connect"],
        length(each.value.topics_write) > 0
        ? ["kafka-cluster:WriteDataIdempotently"] : [],
      )
    }
  }

  dynamic "statement" {
    for_each = (
      length(each.value.topics_write) > 0 ? [each.value.topics_write] : []
    )

    content {
      sid = "WriteTopics"
      actions = [
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:WriteData",
      ]
      resources = [
        for topic in values(statement.value) : "${local._topic_prefix}/${topic}"
      ]
    }
  }

  dynamic "statement" {
    for_each = (
      length(each.value.topics_read) > 0 ? [each.value.topics_read] : []
    )

    content {
      sid = "ReadTopics"
      actions = [
        "kafka-cluster:DescribeTopic",
        "kafka-cluster:ReadData",
      ]
      resources = [
        for topic in values(statement.value) : "${local._topic_prefix}/${topic}"
      ]
    }
  }

  # A service consumes under its own name, so that none can move another's
  # offsets.
  dynamic "statement" {
    for_each = (
      length(each.value.topics_read) > 0 ? [each.value.service_account] : []
    )

    content {
      sid = "Consume"
      actions = [
        "kafka-cluster:AlterGroup",
        "kafka-cluster:DescribeGroup",
      ]
      resources = ["${local._group_prefix}/${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = (
      length(each.value.cache_users) > 0 ? [each.value.cache_users] : []
    )

    content {
      sid       = "ConnectCache"
      actions   = ["elasticache:Connect"]
      resources = concat([var.cache_arn], values(statement.value))
    }
  }

  dynamic "statement" {
    for_each = each.value.statements

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}
