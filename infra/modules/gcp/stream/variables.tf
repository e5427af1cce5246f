variable "ack_deadline_s" {
  description = "Seconds that a consumer has before a message is delivered again."
  type        = number
  nullable    = false

  validation {
    condition     = var.ack_deadline_s >= 10 && var.ack_deadline_s <= 600
    error_message = "The deadline is 10 to 600 seconds."
  }
}

variable "bridge" {
  description = "AWS account of the primary, and the role of the bridge in it."
  type        = object({ account_id = string, role = string })
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.bridge.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "key_id" {
  description = "Key of the messages."
  type        = string
  nullable    = false
}

variable "max_delivery_attempts" {
  description = "Attempts after which a message is kept apart."
  type        = number
  nullable    = false

  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "Pub/Sub tries 5 to 100 times."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the topics."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: Pub/Sub's agent is named by it."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region that messages stay in."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that messages can be replayed."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 7
    error_message = "A subscription keeps messages for 1 to 7 days here."
  }
}

variable "retry_backoff_s" {
  description = "Seconds between deliveries of one message."
  type        = object({ min = number, max = number })
  nullable    = false

  validation {
    condition     = var.retry_backoff_s.min >= 1 && var.retry_backoff_s.max >= var.retry_backoff_s.min && var.retry_backoff_s.max <= 600
    error_message = "Back off for 1 to 600 seconds, the maximum not below the minimum."
  }
}

variable "topics" {
  description = "Topics by publishing service, and the services that consume each."
  type        = map(object({ consumers = set(string) }))
  nullable    = false
}
