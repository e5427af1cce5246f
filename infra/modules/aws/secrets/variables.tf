variable "account_id" {
  description = "Account that owns the secrets; no other may use them."
  type        = string
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic of this region that alarms are sent to."
  type        = string
  nullable    = false
}

variable "data_subnet_ids" {
  description = "Data subnets by zone, where the rotation runs."
  type        = map(string)
  nullable    = false
}

variable "database" {
  description = "Database whose roles are rotated, and the secret of the role that may."
  type = object({
    host              = string
    master_secret_arn = string
    port              = number
    security_group_id = string
  })
  nullable = false
}

variable "endpoint_security_group_id" {
  description = "Security group of the network's interface endpoints."
  type        = string
  nullable    = false
}

variable "facts" {
  description = "What the cluster must know of its platform; no secrets."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.facts) : can(regex("^[a-z][a-z0-9_]*$", key))])
    error_message = "Facts are substituted as variables: lower case, digits and underscores."
  }
}

variable "key_arns" {
  description = "Keys by purpose."
  type        = object({ logs = string, secrets = string })
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

variable "recovery_window_days" {
  description = "Days in which a deleted secret can be restored."
  type        = number
  nullable    = false

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 30
    error_message = "A deleted secret can be restored for 7 to 30 days."
  }
}

variable "region" {
  description = "Region of the secrets."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that the rotation's log is kept."
  type        = number
  nullable    = false
}

variable "rotation" {
  description = "Image of the function (by version or digest), days between rotations, and how long one may take to start."
  type = object({
    image         = string
    interval_days = number
    window        = string
  })
  nullable = false

  validation {
    condition     = can(regex("(:[0-9]+\\.[0-9]+\\.[0-9]+|@sha256:[0-9a-f]{64})$", var.rotation.image))
    error_message = "Name the image by its version (tags are immutable) or by digest: what was scanned is what runs."
  }

  validation {
    condition     = var.rotation.interval_days >= 1 && var.rotation.interval_days <= 90
    error_message = "Rotate within 90 days."
  }
}

variable "secrets" {
  description = "Secrets by key; one with a database is rotated, with two log-ins of its owning role."
  type = map(object({
    database    = optional(string)
    description = string
    role        = optional(string)
  }))
  nullable = false

  validation {
    condition = alltrue([
      for secret in values(var.secrets) :
      (secret.database == null) == (secret.role == null)
    ])
    error_message = "A database secret names both the database and its owning role."
  }
}

variable "vpc_id" {
  description = "Network of the rotation."
  type        = string
  nullable    = false
}
