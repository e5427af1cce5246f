variable "billing_account" {
  description = "Account that the project is billed to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "A billing account is three groups of six hexadecimal digits."
  }
}

variable "channel_ids" {
  description = "Notification channels that are told, by name; five at most."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.channel_ids) >= 1 && length(var.channel_ids) <= 5
    error_message = "A budget tells one to five channels."
  }
}

variable "commitments" {
  description = "By service: what the standby always spends an hour, what of it is bought in advance, and the share that must be."
  type = map(object({
    baseline_usd_per_hour  = number
    committed_usd_per_hour = number
    minimum_coverage_share = number
    service                = string
    term_years             = number
  }))
  nullable = false

  validation {
    condition = alltrue([
      for commitment in values(var.commitments) : commitment.committed_usd_per_hour <= commitment.baseline_usd_per_hour
    ])
    error_message = "Never commit to more than the baseline: the load of a failover is bought by the hour."
  }

  validation {
    condition = alltrue([
      for commitment in values(var.commitments) :
      commitment.committed_usd_per_hour >= commitment.minimum_coverage_share * commitment.baseline_usd_per_hour
    ])
    error_message = "The commitment covers less of the baseline than the share it promises."
  }

  validation {
    condition     = alltrue([for commitment in values(var.commitments) : contains([1, 3], commitment.term_years)])
    error_message = "Commitments run for one or three years."
  }
}

variable "key_id" {
  description = "Key of the budget's topic."
  type        = string
  nullable    = false
}

variable "monthly_usd" {
  description = "What a month of the standby may cost, commitments included."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_usd > 0 && floor(var.monthly_usd) == var.monthly_usd
    error_message = "The budget is a whole number of dollars."
  }

  # 730 hours a month.
  validation {
    condition = var.monthly_usd >= 730 * sum(concat([0], [
      for commitment in values(var.commitments) : commitment.committed_usd_per_hour
    ]))
    error_message = "What is committed is spent in any case and must fit the budget."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that is paid for."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: budgets filter by it."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the budget's topic."
  type        = string
  nullable    = false
}
