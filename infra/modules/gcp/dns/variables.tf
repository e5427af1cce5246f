variable "delegation_signers" {
  description = "DS records of the public zone, known once it is made; empty until then."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for record in var.delegation_signers : can(regex("^[0-9]+ 13 2 [0-9A-Fa-f]{64}$", record))])
    error_message = "Give each record as key tag, 13, 2 and the digest in hexadecimal."
  }
}

variable "delegation_ttl_s" {
  description = "Seconds for which resolvers keep the delegation's signer."
  type        = number
  nullable    = false

  validation {
    condition     = var.delegation_ttl_s >= 300 && var.delegation_ttl_s <= 86400
    error_message = "A delegation is kept for 300 to 86400 seconds."
  }
}

variable "domain" {
  description = "Domain of the environment."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "network_id" {
  description = "Network in which the private names are known."
  type        = string
  nullable    = false
}

variable "probe" {
  description = "Public address of the site, and the seconds for which resolvers keep it."
  type        = object({ address = string, ttl_s = number })
  nullable    = false

  validation {
    condition     = var.probe.ttl_s >= 30 && var.probe.ttl_s <= 300
    error_message = "An address is kept for 30 to 300 seconds."
  }
}

variable "project" {
  description = "Project that owns the zones."
  type        = string
  nullable    = false
}

variable "subdomain" {
  description = "Label of the public zone below the domain."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.subdomain))
    error_message = "A label is lower case letters, digits and hyphens."
  }
}

variable "zone_id" {
  description = "Public Route 53 zone of the domain, which delegates."
  type        = string
  nullable    = false
}
