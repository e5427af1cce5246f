variable "access_log_bucket" {
  description = "Bucket that takes the S3 access logs of this region."
  type        = string
  nullable    = false
}

variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "addresses" {
  description = "E-mail addresses that are told."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.addresses) > 0 && length(var.addresses) <= 10
    error_message = "A budget tells between one and ten addresses."
  }
}

variable "anomaly_usd" {
  description = "An anomaly below this cost is not worth a message."
  type        = number
  nullable    = false
}

variable "commitments" {
  description = "What is always needed (baseline) and what of it is bought in advance (committed), both in the unit named; shares are 0 to 1."
  type = map(object({
    baseline               = number
    committed              = number
    hourly_usd             = number
    kind                   = string
    minimum_coverage_share = number
    minimum_use_share      = number
    service                = string
    unit                   = string
  }))
  nullable = false

  validation {
    condition = alltrue([for name, commitment in var.commitments :
      commitment.committed <= commitment.baseline
    ])
    error_message = "Never commit to more than the baseline: what is not always needed is bought by the hour."
  }

  validation {
    condition = alltrue([for name, commitment in var.commitments :
      commitment.committed == 0 ? true : commitment.committed / commitment.baseline >= commitment.minimum_coverage_share
    ])
    error_message = "The commitment covers less of the baseline than the share it promises."
  }

  validation {
    condition = alltrue([for name, commitment in var.commitments :
      contains(["reserved", "savings-plan"], commitment.kind)
    ])
    error_message = "A commitment is reserved or a savings-plan."
  }
}

variable "environment" {
  description = "Environment that is paid for."
  type        = string
  nullable    = false
}

variable "monthly_usd" {
  description = "Budget of a month: in total, and for the services that can run away."
  type = object({
    total = number
    services = map(object({
      limit   = number
      service = string
    }))
  })
  nullable = false

  validation {
    condition     = sum(concat([0], [for budget in values(var.monthly_usd.services) : budget.limit])) <= var.monthly_usd.total
    error_message = "The services together may not cost more than the whole."
  }
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the bucket that takes the cost data."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "How long cost data is kept."
  type        = number
  nullable    = false
}

variable "topic_arn" {
  description = "Topic that is told."
  type        = string
  nullable    = false
}
