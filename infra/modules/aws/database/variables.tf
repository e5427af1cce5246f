variable "account_id" {
  description = "Account that owns the database."
  type        = string
  nullable    = false
}

variable "alarm_memory_gb" {
  description = "Freeable memory of the writer below which the alarm is raised."
  type        = number
  nullable    = false
}

variable "alarm_replication_lag_ms" {
  description = "Lag of the peer region above which the alarm is raised."
  type        = number
  nullable    = false
}

variable "alarm_slot_lag_gb" {
  description = "WAL held back by the oldest logical slot above which the alarm is raised."
  type        = number
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Topic of this region that alarms and events are sent to."
  type        = string
  nullable    = false
}

variable "backup_retention_days" {
  description = "Days that can be restored to any second."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "Aurora restores to a point in time of the last 7 to 35 days."
  }
}

variable "backup_window" {
  description = "Daily window of the snapshot (UTC), apart from the maintenance window."
  type        = string
  nullable    = false
}

variable "data_subnet_ids" {
  description = "Data subnets by zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.data_subnet_ids) >= 3
    error_message = "The database spreads over at least three zones."
  }
}

variable "databases" {
  description = "Databases by owning service."
  type        = map(string)
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether deleting the clusters is refused."
  type        = bool
  nullable    = false
}

variable "engine_version" {
  description = "Aurora PostgreSQL version, for example 15.12."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1[567]\\.[0-9]+$", var.engine_version))
    error_message = "Give a supported version with its minor: 15.x, 16.x or 17.x."
  }
}

variable "instance_class" {
  description = "Class of every instance; the peer's too, or a promotion would halve the capacity."
  type        = string
  nullable    = false

  validation {
    condition     = !can(regex("^db\\.t", var.instance_class))
    error_message = "A global database does not admit burstable classes."
  }
}

variable "instances" {
  description = "Instances by letter of their zone; the lowest tier is promoted first."
  type        = map(object({ promotion_tier = number }))
  nullable    = false

  validation {
    condition     = length(var.instances) >= 2
    error_message = "Failover needs at least two instances in different zones."
  }
}

variable "key_arns" {
  description = "Keys of this region by purpose."
  type        = object({ database = string, logs = string, secrets = string })
  nullable    = false
}

variable "maintenance_window" {
  description = "Weekly maintenance window (UTC)."
  type        = string
  nullable    = false
}

variable "master_password" {
  description = "Password of the master role; given only when it is set, never stored. Aurora refuses the empty one."
  type        = string
  default     = ""
  nullable    = false
  ephemeral   = true
  sensitive   = true
}

variable "master_password_version" {
  description = "Raised by one whenever another master password is to be set."
  type        = number
  nullable    = false
}

variable "master_username" {
  description = "Name of the master role."
  type        = string
  nullable    = false
}

variable "monitoring_interval_s" {
  description = "Interval of the operating system's metrics."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 5, 10, 15, 30, 60], var.monitoring_interval_s)
    error_message = "Enhanced monitoring knows 1, 5, 10, 15, 30 and 60 seconds."
  }
}

variable "name" {
  description = "Name of the global database and prefix of all it needs."
  type        = string
  nullable    = false
}

variable "node_security_group_id" {
  description = "Security group of the cluster's nodes."
  type        = string
  nullable    = false
}

variable "peer_alarm_topic_arn" {
  description = "Topic of the peer region: an alarm acts in its own region only."
  type        = string
  nullable    = false
}

variable "peer_data_subnet_ids" {
  description = "Data subnets of the peer region by zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.peer_data_subnet_ids) >= 2
    error_message = "The peer spreads over at least two zones."
  }
}

variable "peer_instances" {
  description = "Instances of the peer by letter of their zone."
  type        = map(object({ promotion_tier = number }))
  nullable    = false

  validation {
    condition     = length(var.peer_instances) >= 1
    error_message = "A peer without an instance cannot be promoted within minutes."
  }
}

variable "peer_key_arns" {
  description = "Keys of the peer region by purpose."
  type        = object({ database = string, logs = string, secrets = string })
  nullable    = false
}

variable "peer_region" {
  description = "Region of the secondary cluster."
  type        = string
  nullable    = false
}

variable "peer_vpc_cidr" {
  description = "Address range of the peer's network."
  type        = string
  nullable    = false
}

variable "peer_vpc_id" {
  description = "Network of the secondary cluster."
  type        = string
  nullable    = false
}

variable "performance_insights_days" {
  description = "Days that Performance Insights keeps."
  type        = number
  nullable    = false

  validation {
    condition     = var.performance_insights_days == 7 || var.performance_insights_days == 731 || var.performance_insights_days % 31 == 0
    error_message = "Performance Insights keeps 7 days, 731 days, or whole months of 31."
  }
}

variable "port" {
  description = "Port of PostgreSQL."
  type        = number
  nullable    = false
}

variable "recovery_point_s" {
  description = "Most that a loss of the region may cost; commits wait when it would be exceeded."
  type        = number
  nullable    = false

  validation {
    condition     = var.recovery_point_s >= 20
    error_message = "Aurora bounds the recovery point to 20 seconds or more."
  }
}

variable "recovery_window_days" {
  description = "Days in which a deleted secret can be restored."
  type        = number
  nullable    = false
}

variable "region" {
  description = "Region of the primary cluster."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "subscriber_cidr" {
  description = "Range of the standby's network, from which Cloud SQL subscribes."
  type        = string
  nullable    = false

  validation {
    condition     = try(tonumber(split("/", var.subscriber_cidr)[1]) >= 16, false)
    error_message = "Name the standby's own range: /16 or narrower."
  }
}

variable "vpc_cidr" {
  description = "Address range of the primary network."
  type        = string
  nullable    = false
}

variable "vpc_id" {
  description = "Network of the primary cluster."
  type        = string
  nullable    = false
}
