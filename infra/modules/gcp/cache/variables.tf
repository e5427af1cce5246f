variable "backup_hour" {
  description = "Hour (UTC) of the daily backup."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_hour >= 0 && var.backup_hour <= 23
    error_message = "The hour is 0 to 23."
  }
}

variable "backup_retention_days" {
  description = "Days that daily backups are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 365
    error_message = "Backups are kept for 1 to 365 days."
  }
}

variable "deletion_protection" {
  description = "Whether deleting the cache is refused."
  type        = bool
  nullable    = false
}

variable "engine_version" {
  description = "Valkey version, such as VALKEY_8_0: the primary's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^VALKEY_[78]_[0-9]$", var.engine_version))
    error_message = "Give a Valkey version as VALKEY_<major>_<minor>."
  }
}

variable "eviction_policy" {
  description = "What is given up under memory pressure: the primary's policy."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["volatile-lru", "volatile-lfu", "volatile-ttl", "allkeys-lru", "allkeys-lfu"], var.eviction_policy)
    error_message = "A cache that refuses writes when it is full is none."
  }
}

variable "key_id" {
  description = "Key of the data at rest."
  type        = string
  nullable    = false
}

variable "maintenance_window" {
  description = "Day of the week and hour (UTC) of maintenance."
  type        = object({ day = string, hour = number })
  nullable    = false

  validation {
    condition = contains(
      ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"],
      var.maintenance_window.day,
    )
    error_message = "Name the day in capitals."
  }
}

variable "name" {
  description = "Name of the cache, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "network_id" {
  description = "Network that the cache is reached from."
  type        = string
  nullable    = false
}

variable "node_type" {
  description = "Machine of each node."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["SHARED_CORE_NANO", "STANDARD_SMALL", "HIGHMEM_MEDIUM", "HIGHMEM_XLARGE"], var.node_type)
    error_message = "Memorystore knows SHARED_CORE_NANO, STANDARD_SMALL, HIGHMEM_MEDIUM and HIGHMEM_XLARGE."
  }
}

variable "project" {
  description = "Project that owns the cache."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cache."
  type        = string
  nullable    = false
}

variable "replica_count" {
  description = "Replicas beside the primary, in other zones."
  type        = number
  nullable    = false

  validation {
    condition     = var.replica_count >= 1 && var.replica_count <= 5
    error_message = "One to five replicas: without one there is nothing to promote."
  }
}

variable "snapshot_start_time" {
  description = "First snapshot (RFC 3339), from which each further hour counts."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of the endpoint."
  type        = string
  nullable    = false
}
