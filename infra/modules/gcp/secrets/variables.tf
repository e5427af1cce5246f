variable "deletion_protection" {
  description = "Whether deleting a secret is refused."
  type        = bool
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

variable "first_rotation_time" {
  description = "When the first rotation is due (RFC 3339)."
  type        = string
  nullable    = false
}

variable "key_id" {
  description = "Key of the secrets and of the notices of their rotation."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the secrets."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: Secret Manager's agent is named by it."
  type        = string
  nullable    = false
}

variable "recovery_window_days" {
  description = "Days in which a destroyed version can be had back."
  type        = number
  nullable    = false

  validation {
    condition     = var.recovery_window_days >= 7 && var.recovery_window_days <= 30
    error_message = "A destroyed version can be had back for 7 to 30 days."
  }
}

variable "region" {
  description = "Region of the secrets."
  type        = string
  nullable    = false
}

variable "secrets" {
  description = "Secrets by key, what each is for, and how often it rotates."
  type = map(object({
    description   = string
    rotation_days = number
  }))
  nullable = false

  validation {
    condition     = length(setsubtract(["orders-database", "pager", "payments-database"], keys(var.secrets))) == 0
    error_message = "The facts name the secrets orders-database, payments-database and pager."
  }

  validation {
    condition     = alltrue([for secret in values(var.secrets) : secret.rotation_days >= 1 && secret.rotation_days <= 90])
    error_message = "Secrets rotate at least every 90 days."
  }
}
