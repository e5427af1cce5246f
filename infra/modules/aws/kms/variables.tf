variable "account_id" {
  description = "Account that owns the keys."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "deletion_window_days" {
  description = "Days in which the deletion of a key can be called off."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "KMS keeps a deleted key for 7 to 30 days."
  }
}

variable "name" {
  description = "Prefix of the aliases, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region of the replicas of the multi-Region keys."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The peer region must be another region."
  }
}

variable "region" {
  description = "Region of the keys."
  type        = string
  nullable    = false
}

variable "rotation_days" {
  description = "Days between two rotations of the key material."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.rotation_days >= 90 && var.rotation_days <= 365
    error_message = "Key material must be rotated every 90 to 365 days."
  }
}
