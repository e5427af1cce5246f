# A commitment is bought once, by a person, and cannot be returned: none is bought by
# an apply. What was bought is stated in var.commitments, and AWS itself reports each
# month how much of the use it covered and how much of it was used.
resource "aws_budgets_budget" "commitment" {
  for_each = local.watched

  name         = "${var.name}-${each.key}"
  budget_type  = each.value.type
  time_unit    = "MONTHLY"
  limit_amount = "100.0"
  limit_unit   = "PERCENTAGE"

  dynamic "cost_filter" {
    for_each = each.value.service[*]

    content {
      name   = "Service"
      values = [cost_filter.value]
    }
  }

  cost_types {
    include_credit             = false
    include_discount           = false
    include_other_subscription = false
    include_recurring          = false
    include_refund             = false
    include_subscription       = true
    include_support            = false
    include_tax                = false
    include_upfront            = false
    use_amortized              = false
    use_blended                = false
  }

  notification {
    notification_type          = "ACTUAL"
    threshold                  = each.value.percent
    threshold_type             = "PERCENTAGE"
    comparison_operator        = "LESS_THAN"
    subscriber_email_addresses = var.addresses
    subscriber_sns_topic_arns  = [var.topic_arn]
  }
}

locals {
  kinds = {
    savings-plan = { coverage = "SAVINGS_PLANS_COVERAGE", utilisation = "SAVINGS_PLANS_UTILIZATION" }
    reserved     = { coverage = "RI_COVERAGE", utilisation = "RI_UTILIZATION" }
  }

  # A Savings Plan spans services: its report takes no service.
  watched = merge([for name, commitment in var.commitments : {
    for report, type in local.kinds[commitment.kind] : "${name}-${report}" => {
      type    = type
      service = commitment.kind == "reserved" ? commitment.service : null
      percent = report == "coverage" ? commitment.minimum_coverage_share * 100 : commitment.minimum_use_share * 100
    } if commitment.committed > 0
  }]...)
}
