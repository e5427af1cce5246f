variable "administrators" {
  description = "Group whose members log in as themselves to operate the database."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.administrators))
    error_message = "Name the group by its address."
  }
}

variable "backup_retention_days" {
  description = "Daily backups that are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 365
    error_message = "Cloud SQL keeps 7 to 365 daily backups."
  }
}

variable "backup_start_time" {
  description = "Start of the daily backup (UTC, HH:MM)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_start_time))
    error_message = "Give the time as HH:MM."
  }
}

variable "databases" {
  description = "Databases by owning service."
  type        = map(string)
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether deleting the instance is refused, by Terraform and by the API."
  type        = bool
  nullable    = false
}

variable "disk_gb" {
  description = "Disk at first; it grows by itself."
  type        = number
  nullable    = false
}

variable "disk_limit_gb" {
  description = "Size beyond which the disk does not grow."
  type        = number
  nullable    = false

  validation {
    condition     = var.disk_limit_gb > var.disk_gb
    error_message = "The limit must leave room to grow."
  }
}

variable "environment" {
  description = "Environment that the database belongs to."
  type        = string
  nullable    = false
}

variable "failover" {
  description = "AWS account of the third place, and the roles of it that may run the promotion here."
  type        = object({ account_id = string, roles = list(string) })
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.failover.account_id))
    error_message = "An account id has twelve digits."
  }

  validation {
    condition     = length(var.failover.roles) > 0
    error_message = "Without a role nobody can promote the standby."
  }
}

variable "frozen_season" {
  description = "Yearly time without maintenance, MM-DD, ninety days at most."
  type        = object({ start_date = string, end_date = string })
  nullable    = false
}

variable "key_id" {
  description = "Key of the disks and backups."
  type        = string
  nullable    = false
}

variable "maintenance_window" {
  description = "Day of the week, 1 is Monday, and hour (UTC) of maintenance."
  type        = object({ day = number, hour = number })
  nullable    = false

  validation {
    condition     = var.maintenance_window.day >= 1 && var.maintenance_window.day <= 7 && var.maintenance_window.hour >= 0 && var.maintenance_window.hour <= 23
    error_message = "The day is 1 to 7, the hour 0 to 23."
  }
}

variable "major_version" {
  description = "Major version of PostgreSQL: the primary's."
  type        = number
  nullable    = false

  validation {
    condition     = contains([15, 16, 17], var.major_version)
    error_message = "Give a supported major version: 15, 16 or 17."
  }
}

variable "max_connections" {
  description = "Connections that the instance accepts; the pools in front stay far below."
  type        = number
  nullable    = false

  validation {
    condition     = var.max_connections >= 100
    error_message = "Maintenance and replication need connections too: 100 at least."
  }
}

variable "name" {
  description = "Name of the instance, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "network_id" {
  description = "Network that the instance is reached from."
  type        = string
  nullable    = false
}

variable "private_services_range_name" {
  description = "Range that the instance takes its address from."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the instance."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the instance and its backups."
  type        = string
  nullable    = false
}

variable "slot_retention_gb" {
  description = "Write-ahead log that a slot may hold back before it is given up."
  type        = number
  nullable    = false

  validation {
    condition     = var.slot_retention_gb >= 1
    error_message = "A slot without log to hold back is lost at the first pause."
  }
}

variable "tier" {
  description = "Machine of the instance: it must carry the primary's load at once."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.tier, "db-perf-optimized-")
    error_message = "Enterprise Plus runs on performance-optimized machines."
  }
}

variable "transaction_log_retention_days" {
  description = "Days of which any second can be restored."
  type        = number
  nullable    = false

  validation {
    condition     = var.transaction_log_retention_days >= 1 && var.transaction_log_retention_days <= 35
    error_message = "Enterprise Plus restores to a second of the last 1 to 35 days."
  }
}

variable "zones" {
  description = "Zones of the writer and of its stand-by."
  type        = object({ primary = string, secondary = string })
  nullable    = false

  validation {
    condition     = var.zones.primary != var.zones.secondary
    error_message = "The stand-by must be in another zone."
  }
}
