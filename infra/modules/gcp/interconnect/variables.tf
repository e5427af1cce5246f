variable "advertised_cidrs" {
  description = "Networks of the site that the primary learns, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.advertised_cidrs) > 0 && alltrue([for cidr in values(var.advertised_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "Announce at least one network, each as a CIDR block."
  }
}

variable "asn" {
  description = "AS number of the site's router."
  type        = number
  nullable    = false

  validation {
    condition     = var.asn >= 64512 && var.asn <= 65534
    error_message = "Use a private AS number of two bytes."
  }
}

variable "bandwidth" {
  description = "Capacity of each link: the whole traffic fits into one."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["BPS_1G", "BPS_2G", "BPS_5G", "BPS_10G"], var.bandwidth)
    error_message = "A dedicated link of 10 Gbit/s is attached with 1, 2, 5 or 10."
  }
}

variable "bfd" {
  description = "How soon a silent peer is given up: interval, and how many may be missed."
  type        = object({ interval_ms = number, multiplier = number })
  nullable    = false

  validation {
    condition     = var.bfd.interval_ms >= 1000 && var.bfd.interval_ms <= 30000 && var.bfd.multiplier >= 5 && var.bfd.multiplier <= 16
    error_message = "Cloud Router takes intervals of 1000 to 30000 ms and multipliers of 5 to 16."
  }
}

variable "customer_name" {
  description = "Name on the letters of authorization."
  type        = string
  nullable    = false
}

variable "links" {
  description = "Links by name: Google's location, tag and range of the session, and the key that is in use."
  type = map(object({
    bgp_range  = string
    location   = string
    macsec_key = object({ name = string, start_time = string })
    vlan_tag   = number
  }))
  nullable = false

  validation {
    condition     = length(var.links) >= 2
    error_message = "One link is none: two at least."
  }

  validation {
    condition = length(distinct([
      for link in values(var.links) : try(regex("-(zone[12])-", link.location)[0], "unknown")
    ])) >= 2
    error_message = "The links must be in different edge availability domains (zone1 and zone2)."
  }

  validation {
    condition = length(distinct([
      for link in values(var.links) : link.bgp_range
      ])) == length(var.links) && alltrue([
      for link in values(var.links) : can(regex("^169[.]254[.].*/29$", link.bgp_range))
    ])
    error_message = "Each link needs a /29 of 169.254.0.0/16 of its own."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "network_id" {
  description = "Network of the site."
  type        = string
  nullable    = false
}

variable "noc_contact_email" {
  description = "Who is told of maintenance and outages of a link."
  type        = string
  nullable    = false
}

variable "peer_asn" {
  description = "AS number of the Direct Connect gateway."
  type        = number
  nullable    = false

  validation {
    condition     = var.peer_asn != var.asn
    error_message = "The two ends need different AS numbers."
  }
}

variable "project" {
  description = "Project that owns the links."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region that the links end in."
  type        = string
  nullable    = false
}
