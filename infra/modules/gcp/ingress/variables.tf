variable "attack_sensitivity" {
  description = "How much must look like an attack: 1 is least strict, 4 most."
  type        = number
  nullable    = false

  validation {
    condition     = contains([1, 2, 3, 4], var.attack_sensitivity)
    error_message = "The sensitivity is 1 to 4."
  }
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
  description = "Ports of the gateway's pods: readiness; requests come to the port of the endpoint group."
  type = object({
    status_port = optional(number, 15021)
  })
  default  = {}
  nullable = false
}

variable "gateway_zones" {
  description = "Zones in which the gateway has its endpoint groups, by letter; empty before it first runs."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.gateway_zones) == 0 || length(distinct(values(var.gateway_zones))) >= 2
    error_message = "A gateway in one zone falls with it: name two at least, or none before the first start."
  }
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

variable "max_rate_per_endpoint" {
  description = "Requests per second that one pod of the gateway is counted on for."
  type        = number
  nullable    = false

  validation {
    condition     = var.max_rate_per_endpoint > 0
    error_message = "A gateway that takes no request is none."
  }
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the load balancer."
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

variable "zone_id" {
  description = "Public Route 53 zone in which the certificate is authorized."
  type        = string
  nullable    = false
}
