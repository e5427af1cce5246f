resource "aws_budgets_budget" "total" {
  name         = "${var.name}-total"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_usd.total)
  limit_unit   = "USD"

  dynamic "notification" {
    for_each = local.notifications

    content {
      notification_type          = notification.value.type
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = var.addresses
      subscriber_sns_topic_arns  = [var.topic_arn]
    }
  }
}

resource "aws_budgets_budget" "service" {
  for_each = var.monthly_usd.services

  name         = "${var.name}-${each.key}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(each.value.limit)
  limit_unit   = "USD"

  cost_filter {
    name   = "Service"
    values = [each.value.service]
  }

  dynamic "notification" {
    for_each = local.notifications

    content {
      notification_type          = notification.value.type
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      comparison_operator        = "GREATER_THAN"
      subscriber_email_addresses = var.addresses
      subscriber_sns_topic_arns  = [var.topic_arn]
    }
  }
}

locals {
  notifications = {
    early    = { type = "ACTUAL", percent = 80 }
    spent    = { type = "ACTUAL", percent = 100 }
    forecast = { type = "FORECASTED", percent = 100 }
  }
}
