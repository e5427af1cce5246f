variable "account_id" {
  description = "Account that owns the networks."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "cluster_name" {
  description = "Cluster whose load balancers may use the subnets."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "Key of the flow logs."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "nat_gateway_per_zone" {
  description = "Whether each zone has its own way out."
  type        = bool
  nullable    = false
}

variable "peer_key_arn" {
  description = "Key of the flow logs of the peer region."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region of the replicas."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The peer region must be another region."
  }
}

variable "peer_vpc_cidr" {
  description = "Network of the peer region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("/16$", cidrsubnet(var.peer_vpc_cidr, 0, 0)))
    error_message = "The peer network must be a /16."
  }

  validation {
    condition     = var.peer_vpc_cidr != var.vpc_cidr
    error_message = "The two networks must not overlap."
  }
}

variable "peer_zones" {
  description = "Zones of the peer region, each with the index of its blocks."
  type        = map(number)
  nullable    = false

  validation {
    condition     = length(var.peer_zones) >= 3
    error_message = "A quorum needs at least three zones."
  }

  validation {
    condition = (
      length(distinct(values(var.peer_zones))) == length(var.peer_zones)
      && alltrue([for i in values(var.peer_zones) : contains(range(6), i)])
    )
    error_message = "Each zone needs an index of its own from 0 to 5."
  }
}

variable "region" {
  description = "Region of the network."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days for which flow logs are kept."
  type        = number
  nullable    = false
}

variable "trusted_cidrs" {
  description = "Networks of the other site that reach the data, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for c in values(var.trusted_cidrs) : can(cidrhost(c, 0))])
    error_message = "Each trusted network must be a CIDR block."
  }

  validation {
    condition     = !contains(values(var.trusted_cidrs), "0.0.0.0/0")
    error_message = "The internet is not a trusted network."
  }
}

variable "vpc_cidr" {
  description = "Network of the site."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("/16$", cidrsubnet(var.vpc_cidr, 0, 0)))
    error_message = "The network must be a /16."
  }
}

variable "zones" {
  description = "Zones of the site, each with the index of its blocks."
  type        = map(number)
  nullable    = false

  validation {
    condition     = length(var.zones) >= 3
    error_message = "A quorum needs at least three zones."
  }

  validation {
    condition = (
      length(distinct(values(var.zones))) == length(var.zones)
      && alltrue([for i in values(var.zones) : contains(range(6), i)])
    )
    error_message = "Each zone needs an index of its own from 0 to 5."
  }
}
