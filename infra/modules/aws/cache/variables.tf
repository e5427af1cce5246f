variable "alarm_topic_arn" {
  description = "Topic of this region that alarms are sent to."
  type        = string
  nullable    = false
}

variable "data_subnet_ids" {
  description = "Data subnets by zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.data_subnet_ids) >= 3
    error_message = "The cache spreads over at least three zones."
  }
}

variable "engine_version" {
  description = "Valkey version, for example 8.0."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[78]\\.[0-9]+$", var.engine_version))
    error_message = "Give a Valkey version as major.minor."
  }
}

variable "key_arns" {
  description = "Keys by purpose."
  type        = object({ cache = string, logs = string })
  nullable    = false
}

variable "maintenance_window" {
  description = "Weekly maintenance window (UTC)."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the replication group and prefix of all it needs."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 36
    error_message = "ElastiCache names are at most 40 characters, the node's number included."
  }
}

variable "node_security_group_id" {
  description = "Security group of the nodes that services run on."
  type        = string
  nullable    = false
}

variable "node_type" {
  description = "Type of every node."
  type        = string
  nullable    = false
}

variable "port" {
  description = "Port of Valkey."
  type        = number
  nullable    = false
}

variable "replica_count" {
  description = "Replicas beside the primary."
  type        = number
  nullable    = false

  validation {
    condition     = var.replica_count >= 2 && var.replica_count <= 5
    error_message = "Two to five replicas: one may be lost while another is promoted."
  }
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "snapshot_retention_days" {
  description = "Days that daily snapshots are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.snapshot_retention_days >= 1 && var.snapshot_retention_days <= 35
    error_message = "Snapshots are kept for 1 to 35 days."
  }
}

variable "snapshot_window" {
  description = "Daily window of the snapshot (UTC), apart from the maintenance window."
  type        = string
  nullable    = false
}

variable "users" {
  description = "Services that may log in with IAM: the keys they see and what they may do."
  type = map(object({
    commands   = optional(string, "+@read +@write +@connection +@transaction -@dangerous")
    key_prefix = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for user in values(var.users) : length(user.key_prefix) > 0])
    error_message = "Each service sees the keys of its own prefix only."
  }
}

variable "vpc_id" {
  description = "Network of the cache."
  type        = string
  nullable    = false
}
