variable "flow_log_share" {
  description = "Share of the flows that is logged, above 0 and up to 1."
  type        = number
  nullable    = false

  validation {
    condition     = var.flow_log_share > 0 && var.flow_log_share <= 1
    error_message = "The share of logged flows is above 0 and up to 1."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "network_cidr" {
  description = "Network of the site; subnets and private services are cut from it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("/16$", var.network_cidr)) && can(cidrhost(var.network_cidr, 0))
    error_message = "The network must be a /16."
  }
}

variable "pods_cidr" {
  description = "Addresses of the pods."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.pods_cidr, 0)) && var.pods_cidr != var.network_cidr
    error_message = "Pods need a block of their own."
  }
}

variable "project" {
  description = "Project that owns the network."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the subnets."
  type        = string
  nullable    = false
}

variable "remote_cidrs" {
  description = "Networks of the other site, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.remote_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "Each network of the other site must be a CIDR block."
  }

  validation {
    condition     = !contains(values(var.remote_cidrs), var.network_cidr)
    error_message = "The two clouds must not overlap."
  }
}

variable "services_cidr" {
  description = "Addresses of the Kubernetes services."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.services_cidr, 0)) && var.services_cidr != var.pods_cidr
    error_message = "Services need a block of their own."
  }
}
