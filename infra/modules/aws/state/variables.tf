variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An AWS account id has twelve digits."
  }
}

variable "bucket" {
  description = "Name of the bucket, as live/root.hcl writes it into each backend."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,49}[a-z0-9]$", var.bucket))
    error_message = "Two suffixes are added to the name: at most 51 lower-case letters, digits and hyphens."
  }
}

variable "environment" {
  description = "Environment whose state this is."
  type        = string
  nullable    = false
}

variable "key_alias" {
  description = "Alias of the key, as live/root.hcl writes it into each backend."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.key_alias, "alias/")
    error_message = "A key alias starts with alias/."
  }
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "retention" {
  description = "How long versions are locked and kept, how many are kept in any case, and how long access logs live."
  type = object({
    access_log_days = number
    lock_days       = number
    newer_versions  = number
    noncurrent_days = number
  })
  nullable = false

  validation {
    condition     = var.retention.noncurrent_days >= var.retention.lock_days
    error_message = "A version cannot expire before its lock ends."
  }

  validation {
    condition     = var.retention.newer_versions >= 1
    error_message = "Keep at least one older version: without it there is no way back."
  }
}
