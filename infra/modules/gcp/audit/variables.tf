variable "contacts" {
  description = "Categories (such as SECURITY) that each address is told of by Google."
  type        = map(list(string))
  nullable    = false

  validation {
    condition     = anytrue([for categories in values(var.contacts) : contains(categories, "SECURITY")])
    error_message = "Someone must be told of matters of security."
  }
}

variable "key_id" {
  description = "Key of the audit logs."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that is audited."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the logs, and the only one where things may be made."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days that audit logs can neither be changed nor deleted."
  type        = number
  nullable    = false

  validation {
    condition     = var.retention_days >= 30
    error_message = "Audit logs are kept for a month at least; what serves customers, for a year (PCI DSS 10.5.1)."
  }
}

variable "retention_locked" {
  description = "Whether the retention can never be taken back."
  type        = bool
  nullable    = false
}
