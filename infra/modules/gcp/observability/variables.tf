variable "alarm_connections" {
  description = "Connections to the database above which the alarm is raised."
  type        = number
  nullable    = false
}

variable "alarm_email" {
  description = "Address that every alarm is mailed to."
  type        = string
  nullable    = false
}

variable "backend_service_name" {
  description = "Backend of the load balancer."
  type        = string
  nullable    = false
}

variable "database_instance_name" {
  description = "Database that is watched."
  type        = string
  nullable    = false
}

variable "host" {
  description = "Public name that is probed."
  type        = string
  nullable    = false
}

variable "key_id" {
  description = "Key of the logs and of the alarms' topic."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that is watched."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: Monitoring's agent is named by it."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the logs."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that logs are kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= 30 && var.retention_days <= 3650
    error_message = "Logs are kept for 30 to 3650 days."
  }
}

variable "retention_locked" {
  description = "Whether nobody can shorten the retention any more."
  type        = bool
  nullable    = false
}

variable "table_instance_name" {
  description = "Bigtable instance that is watched."
  type        = string
  nullable    = false
}

variable "uptime_path" {
  description = "Path that is probed; it needs no log-in and changes nothing."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.uptime_path, "/")
    error_message = "A path begins with a slash."
  }
}
