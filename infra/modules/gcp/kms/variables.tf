variable "destroy_after_days" {
  description = "Days between the order to destroy a version and the deed."
  type        = number
  nullable    = false

  validation {
    condition     = var.destroy_after_days >= 30 && var.destroy_after_days <= 120
    error_message = "A destruction must be revocable for 30 to 120 days."
  }
}

variable "name" {
  description = "Name of the key ring, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the keys."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: the services' agents are named by it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{10,13}$", var.project_number))
    error_message = "A project number has ten to thirteen digits."
  }
}

variable "protection_level" {
  description = "SOFTWARE, or HSM for keys that never leave hardware."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.protection_level)
    error_message = "The protection level is SOFTWARE or HSM."
  }
}

variable "region" {
  description = "Region of the keys: the one of the data."
  type        = string
  nullable    = false
}

variable "rotation_days" {
  description = "Days after which a key gets a new version."
  type        = number
  nullable    = false

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 90
    error_message = "Keys rotate at least every 90 days."
  }
}
