variable "backup_retention_days" {
  description = "Days that daily backups are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.backup_retention_days >= 3 && var.backup_retention_days <= 90
    error_message = "Bigtable keeps automated backups for 3 to 90 days."
  }
}

variable "change_stream_retention_days" {
  description = "Days within which a failback can read what changed."
  type        = number
  nullable    = false

  validation {
    condition     = var.change_stream_retention_days >= 1 && var.change_stream_retention_days <= 7
    error_message = "Bigtable keeps changes for 1 to 7 days."
  }
}

variable "cpu_target_percent" {
  description = "Use of the processors that nodes are added or removed for."
  type        = number
  nullable    = false

  validation {
    condition     = var.cpu_target_percent >= 10 && var.cpu_target_percent <= 80
    error_message = "The target is 10 to 80 percent."
  }
}

variable "deletion_protection" {
  description = "Whether deleting the instance or a table is refused."
  type        = bool
  nullable    = false
}

variable "key_id" {
  description = "Key of the data at rest."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the instance, such as shop-prod-standby."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 28
    error_message = "A cluster takes the name and two characters, thirty in all."
  }
}

variable "nodes" {
  description = "Bounds of the nodes of each cluster."
  type        = object({ min = number, max = number })
  nullable    = false

  validation {
    condition     = var.nodes.min >= 1 && var.nodes.max >= var.nodes.min && var.nodes.max <= 10 * var.nodes.min
    error_message = "The maximum is at most ten times the minimum."
  }
}

variable "project" {
  description = "Project that owns the instance."
  type        = string
  nullable    = false
}

variable "tables" {
  description = "Tables, by the key of their source."
  type        = set(string)
  nullable    = false
}

variable "zones" {
  description = "Zone of each cluster, by its letter."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.zones) >= 1 && length(distinct(values(var.zones))) == length(var.zones)
    error_message = "Each cluster needs a zone of its own."
  }
}
