variable "account_id" {
  description = "Account that is backed up."
  type        = string
  nullable    = false
}

variable "administrator_role_arn" {
  description = "The one role that may change the vaults' policies."
  type        = string
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic of this region that alarms and events are sent to."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment whose tagged resources are backed up."
  type        = string
  nullable    = false
}

variable "keep_days" {
  description = "Days that recovery points of each rule are kept."
  type = object({
    continuous = number
    daily      = number
    monthly    = number
    weekly     = number
  })
  nullable = false

  validation {
    condition     = var.keep_days.continuous >= 7 && var.keep_days.continuous <= 35
    error_message = "Continuous backups are kept for 7 to 35 days."
  }

  validation {
    condition     = var.keep_days.daily <= var.keep_days.weekly && var.keep_days.weekly <= var.keep_days.monthly
    error_message = "What is made more rarely is kept longer."
  }

  validation {
    condition     = var.keep_days.monthly >= 120
    error_message = "Monthly points go cold after 30 days and must stay there for 90."
  }
}

variable "key_arn" {
  description = "Key of the vault and of the reports."
  type        = string
  nullable    = false
}

variable "lock" {
  description = "Bounds of the vaults' lock; with days in which it can still be changed it becomes irrevocable (null: governance)."
  type = object({
    changeable_for_days = optional(number)
    max_retention_days  = number
    min_retention_days  = number
  })
  nullable = false

  validation {
    condition     = try(var.lock.changeable_for_days >= 3, true)
    error_message = "AWS grants at least three days before a lock is irrevocable."
  }

  validation {
    condition     = var.lock.min_retention_days < var.lock.max_retention_days
    error_message = "The shortest retention is below the longest."
  }
}

variable "name" {
  description = "Name of the vault and the plan, prefix of the rest."
  type        = string
  nullable    = false
}

variable "peer_alarm_topic_arn" {
  description = "Topic of the peer region."
  type        = string
  nullable    = false
}

variable "peer_key_arn" {
  description = "Key of the peer's vault."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region of the copies."
  type        = string
  nullable    = false
}

variable "resource_arns" {
  description = "What is backed up whatever its tags: `database`, and the tables by key."
  type        = map(string)
  nullable    = false

  validation {
    condition     = contains(keys(var.resource_arns), "database")
    error_message = "The database is named, whatever else is."
  }
}

variable "restore_test" {
  description = "When a random recovery point is restored, from how many days, how long it is kept for validation, and where to."
  type = object({
    db_subnet_group         = string
    schedule                = string
    selection_window_days   = number
    table_key_arn           = string
    validation_window_hours = number
  })
  nullable = false
}

variable "retention_days" {
  description = "Days that reports are kept."
  type        = number
  nullable    = false
}

variable "vpc_id" {
  description = "Network that restore tests happen in."
  type        = string
  nullable    = false
}
