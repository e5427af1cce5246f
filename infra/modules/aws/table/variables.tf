variable "account_id" {
  description = "Account that owns the tables."
  type        = string
  nullable    = false
}

variable "alarm_replication_latency_ms" {
  description = "Latency to the peer above which the alarm is raised."
  type        = number
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic of this region that alarms are sent to."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether deleting a table or its replica is refused."
  type        = bool
  nullable    = false
}

variable "export" {
  description = "When the tables are exported, how long an export is locked, and how long it is kept."
  type = object({
    lock_days      = number
    lock_mode      = string
    retention_days = number
    schedule       = string
  })
  nullable = false

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.export.lock_mode)
    error_message = "An object lock is in mode COMPLIANCE or GOVERNANCE."
  }

  validation {
    condition     = var.export.retention_days >= var.export.lock_days
    error_message = "An export cannot expire before its lock does."
  }
}

variable "key_arn" {
  description = "Key of the tables, the export bucket and the queue."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of every name."
  type        = string
  nullable    = false
}

variable "peer_key_arn" {
  description = "Key of the replicas, in the peer region."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region of the replicas."
  type        = string
  nullable    = false
}

variable "recovery_period_days" {
  description = "Days that a table can be restored to any second."
  type        = number
  nullable    = false

  validation {
    condition     = var.recovery_period_days >= 1 && var.recovery_period_days <= 35
    error_message = "DynamoDB restores to a point in time of the last 1 to 35 days."
  }
}

variable "tables" {
  description = "Tables by key: keys, attributes that keys and indexes use, and how capacity is paid for."
  type = map(object({
    attributes   = map(string)
    billing_mode = optional(string, "PAY_PER_REQUEST")
    hash_key     = string
    indexes = optional(map(object({
      hash_key  = string
      range_key = optional(string)
    })), {})
    range_key      = optional(string)
    read_capacity  = optional(object({ min = number, max = number }))
    ttl_attribute  = optional(string)
    write_capacity = optional(object({ min = number, max = number }))
  }))
  nullable = false

  validation {
    condition = alltrue([
      for table in values(var.tables) :
      table.billing_mode == "PAY_PER_REQUEST" || (
        table.read_capacity != null && table.write_capacity != null
      )
    ])
    error_message = "A provisioned table states the bounds of its read and write capacity."
  }

  # An index of a provisioned table would need capacity bounds of its own.
  validation {
    condition = alltrue([
      for table in values(var.tables) :
      table.billing_mode == "PAY_PER_REQUEST" || length(table.indexes) == 0
    ])
    error_message = "Only a table that is paid for by request may have indexes."
  }
}
