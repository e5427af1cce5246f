variable "account_id" {
  description = "Account that owns both transit gateways."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "alarm_topic_arn" {
  description = "Topic of the region to which the alarms are sent."
  type        = string
  nullable    = false
}

variable "asns" {
  description = "Private autonomous system number of each BGP speaker."
  type = object({
    cloud_router         = number
    direct_connect       = number
    peer_transit_gateway = number
    transit_gateway      = number
  })
  nullable = false

  validation {
    condition     = length(distinct(values(var.asns))) == length(values(var.asns))
    error_message = "Each BGP speaker needs a number of its own."
  }

  validation {
    condition     = alltrue([for asn in values(var.asns) : asn >= 64512 && asn <= 65534])
    error_message = "Autonomous system numbers must be private: 64512 to 65534."
  }
}

variable "links" {
  description = "Links by name: AWS's location and port, tag and range of the BGP session, whose first address is the standby's router and second is ours."
  type = map(object({
    bandwidth = optional(string, "10Gbps")
    bgp_range = string
    location  = string
    vlan_tag  = number
  }))
  nullable = false

  validation {
    condition     = length(distinct(values(var.links)[*].location)) >= 2
    error_message = "The links must end in at least two different locations."
  }

  validation {
    condition = alltrue([
      for link in values(var.links) :
      contains(["10Gbps", "100Gbps"], link.bandwidth)
    ])
    error_message = "MACsec needs a port of 10 or 100 Gbps."
  }

  validation {
    condition = length(distinct(values(var.links)[*].bgp_range)) == length(var.links) && alltrue([
      for link in values(var.links) : can(regex("^169[.]254[.].*/29$", link.bgp_range))
    ])
    error_message = "Each link needs a /29 of 169.254.0.0/16 of its own."
  }

  validation {
    condition = alltrue([
      for link in values(var.links) : link.vlan_tag >= 1 && link.vlan_tag <= 4094
    ])
    error_message = "A VLAN tag is a number from 1 to 4094."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "network" {
  description = "VPC of the site."
  type = object({
    data_route_table_ids    = map(string)
    private_route_table_ids = map(string)
    transit_subnet_ids      = map(string)
    vpc_cidr                = string
    vpc_id                  = string
  })
  nullable = false

  validation {
    condition     = length(var.network.transit_subnet_ids) >= 3
    error_message = "The attachment must span at least three zones."
  }
}

variable "peer_network" {
  description = "VPC of the peer region."
  type = object({
    data_route_table_ids = map(string)
    transit_subnet_ids   = map(string)
    vpc_cidr             = string
    vpc_id               = string
  })
  nullable = false

  validation {
    condition     = length(var.peer_network.transit_subnet_ids) >= 3
    error_message = "The attachment must span at least three zones."
  }
}

variable "peer_region" {
  description = "Region of the peer VPC."
  type        = string
  nullable    = false
}

variable "standby_cidrs" {
  description = "Networks of the standby site, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.standby_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "Each network of the standby must be a CIDR block."
  }
}
