variable "cache_instance_id" {
  description = "Cache that the catalogue connects to."
  type        = string
  nullable    = false
}

variable "database_instance_name" {
  description = "Database instance that orders and payments connect to."
  type        = string
  nullable    = false
}

variable "dns_zone_name" {
  description = "Public zone that the cluster's names are written to."
  type        = string
  nullable    = false
}

variable "facts_secret_id" {
  description = "Secret of the platform's facts, which External Secrets reads too."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the resources."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the project: principals are named by it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{10,13}$", var.project_number))
    error_message = "A project number has ten to thirteen digits."
  }
}

variable "secret_ids" {
  description = "Secrets that External Secrets may read, by key."
  type        = map(string)
  nullable    = false
}

variable "subscription_names" {
  description = "Subscriptions by topic's key and consumer."
  type        = map(string)
  nullable    = false
}

variable "tables" {
  description = "Bigtable instance, and its tables by key."
  type        = object({ instance_name = string, names = map(string) })
  nullable    = false
}

variable "topic_names" {
  description = "Topics by publishing service."
  type        = map(string)
  nullable    = false
}

variable "workload_pool" {
  description = "Pool of the pods' identities."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.workload_pool, ".svc.id.goog")
    error_message = "GKE's pool is named <project>.svc.id.goog."
  }
}
