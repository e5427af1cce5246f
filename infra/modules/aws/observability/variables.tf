variable "account_id" {
  description = "Account that is observed."
  type        = string
  nullable    = false
}

variable "audit_log_group_name" {
  description = "Log group of the API server's audit log."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Cluster whose logs are kept."
  type        = string
  nullable    = false
}

variable "data_subnet_ids" {
  description = "Data subnets by zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.data_subnet_ids) == 3
    error_message = "The domain spreads over three zones."
  }
}

variable "key_arn" {
  description = "Key of logs, metrics, traces and topics."
  type        = string
  nullable    = false
}

variable "metrics_retention_days" {
  description = "Days that metrics are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.metrics_retention_days >= 30
    error_message = "An error budget looks back thirty days."
  }
}

variable "name" {
  description = "Prefix of every name, and the domain's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,27}$", var.name))
    error_message = "OpenSearch names are 3 to 28 lower-case letters, digits and hyphens."
  }
}

variable "node_security_group_id" {
  description = "Security group of the nodes that the collector runs on."
  type        = string
  nullable    = false
}

variable "page_queue_arn" {
  description = "Queue of the incident unit that pages are made from."
  type        = string
  nullable    = false
}

variable "peer_key_arn" {
  description = "Key of the peer region's topic."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region that is observed."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false
}

variable "sampling" {
  description = "Traces that are kept: so many of each second, and a share (0..1) of the rest."
  type        = object({ reservoir_per_s = number, share = number })
  nullable    = false

  validation {
    condition     = var.sampling.share >= 0 && var.sampling.share <= 1
    error_message = "A share lies between 0 and 1."
  }
}

variable "search" {
  description = "OpenSearch: version, size, and the type of the three dedicated masters (null for none)."
  type = object({
    engine_version = string
    instance_count = number
    instance_type  = string
    master_type    = optional(string)
    volume_gb      = number
  })
  nullable = false

  validation {
    condition     = var.search.instance_count % 3 == 0
    error_message = "Data nodes come in threes: as many in each zone."
  }
}

variable "subscribers" {
  description = "Mail addresses that hear of every alarm, by team; pages take another way."
  type        = map(string)
  nullable    = false
}

variable "vpc_id" {
  description = "Network of the domain."
  type        = string
  nullable    = false
}
