variable "cluster_id" {
  description = "Cluster that is backed up and restored."
  type        = string
  nullable    = false
}

variable "delete_lock_days" {
  description = "Days before which a backup cannot be deleted."
  type        = number
  nullable    = false

  validation {
    condition     = var.delete_lock_days >= 1 && var.delete_lock_days <= 90
    error_message = "A backup is locked for 1 to 90 days."
  }
}

variable "key_id" {
  description = "Key of the backups."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the plans, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the plans."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the backups."
  type        = string
  nullable    = false
}

variable "restored_namespaces" {
  description = "Namespaces that a restore brings back."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.restored_namespaces) > 0
    error_message = "A restore of nothing is none."
  }
}

variable "retention_days" {
  description = "Days that a backup is kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= var.delete_lock_days && var.retention_days <= 365
    error_message = "A backup is kept at least as long as it is locked, and 365 days at most."
  }
}

variable "retention_locked" {
  description = "Whether nobody can change lock and retention any more."
  type        = bool
  nullable    = false
}

variable "schedule" {
  description = "When backups are made (cron, UTC)."
  type        = string
  nullable    = false

  validation {
    condition     = length(split(" ", var.schedule)) == 5
    error_message = "A schedule has five fields."
  }
}
