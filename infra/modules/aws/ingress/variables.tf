variable "account_id" {
  description = "Account that owns the load balancer."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted."
  type        = bool
  nullable    = false
}

variable "domain" {
  description = "Domain of the environment; the shop is a name below it."
  type        = string
  nullable    = false
}

variable "edge_cidrs" {
  description = "Networks of the edge provider, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.edge_cidrs) > 0
    error_message = "Without an edge network nobody reaches the shop."
  }

  validation {
    condition     = alltrue([for c in values(var.edge_cidrs) : can(regex("/(1[6-9]|2[0-9]|3[0-2])$", c))])
    error_message = "An edge network must be a CIDR block of /16 or smaller."
  }
}

variable "gateway" {
  description = "Ports of the gateway's pods: requests over TLS, and readiness."
  type = object({
    port        = optional(number, 8443)
    status_port = optional(number, 15021)
  })
  default  = {}
  nullable = false
}

variable "health_checker_cidrs" {
  description = "Networks of the Route 53 health checkers, by name, as AWS publishes them (service ROUTE53_HEALTHCHECKS of ip-ranges.json)."
  type        = map(string)
  nullable    = false
  default = {
    health-checkers-01 = "15.177.0.0/18"
    health-checkers-02 = "54.183.255.128/26"
    health-checkers-03 = "54.228.16.0/26"
    health-checkers-04 = "54.232.40.64/26"
    health-checkers-05 = "54.241.32.64/26"
    health-checkers-06 = "54.243.31.192/26"
    health-checkers-07 = "54.244.52.192/26"
    health-checkers-08 = "54.245.168.0/26"
    health-checkers-09 = "54.248.220.0/26"
    health-checkers-10 = "54.250.253.192/26"
    health-checkers-11 = "54.251.31.128/26"
    health-checkers-12 = "54.252.79.128/26"
    health-checkers-13 = "54.252.254.192/26"
    health-checkers-14 = "54.255.254.192/26"
    health-checkers-15 = "107.23.255.0/26"
    health-checkers-16 = "176.34.159.192/26"
    health-checkers-17 = "177.71.207.128/26"
  }
}

variable "key_arn" {
  description = "Key of the firewall's log group."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Name of the load balancer, such as shop-prod-primary."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 24
    error_message = "The name must leave room for a suffix within 32 characters."
  }
}

variable "network" {
  description = "VPC of the load balancer."
  type = object({
    vpc_id = string
  })
  nullable = false
}

variable "node_security_group_id" {
  description = "Security group of the gateway's pods."
  type        = string
  nullable    = false
}

variable "rate_limit_per_5_min" {
  description = "Requests that one client may send in five minutes."
  type        = number
  nullable    = false

  validation {
    condition     = var.rate_limit_per_5_min >= 100
    error_message = "A limit below 100 requests refuses ordinary clients."
  }
}

variable "region" {
  description = "Region of the load balancer."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "Days for which access and firewall logs are kept."
  type        = number
  nullable    = false
}

variable "subnet_ids" {
  description = "Edge subnet of each zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "The load balancer needs at least three zones."
  }
}

variable "zone_id" {
  description = "Public DNS zone in which the certificate is validated."
  type        = string
  nullable    = false
}
