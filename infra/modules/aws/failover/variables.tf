variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "check" {
  description = "How Route 53's checkers and the observers look at a site."
  type = object({
    failure_threshold  = number
    path               = string
    regions            = set(string)
    request_interval_s = number
    search_string      = string
  })
  nullable = false

  validation {
    condition     = contains([10, 30], var.check.request_interval_s)
    error_message = "Route 53 checks every 10 or every 30 seconds."
  }

  validation {
    condition     = var.check.failure_threshold >= 2 && var.check.failure_threshold <= 10
    error_message = "One failure is a flap: between 2 and 10 in a row make an outage."
  }

  validation {
    condition     = length(var.check.regions) >= 3
    error_message = "Route 53 checks from three regions at least."
  }
}

variable "dead_letter_queue_arn" {
  description = "Where a start waits that the runbook did not take."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the epoch is protected from deletion."
  type        = bool
  nullable    = false
}

variable "environment" {
  description = "Environment that fails over."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "observers" {
  description = "Who votes on the primary, by name, and where each stands: here, in the peer region, or in the standby's cloud."
  type = map(object({
    place = string
  }))
  nullable = false

  validation {
    condition     = toset([for observer in values(var.observers) : observer.place]) == toset(["here", "peer", "standby"])
    error_message = "The observers stand here, in the peer region and with the standby: fewer places are no majority."
  }

  validation {
    condition     = length(var.observers) % 2 == 1
    error_message = "An even number of observers can tie."
  }
}

variable "peer_region" {
  description = "Second region: of one observer, of the epoch's replica, and of Route 53's alarms."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region == "us-east-1"
    error_message = "Route 53 publishes the metrics of its checks in us-east-1 only."
  }
}

variable "peer_topic_arn" {
  description = "Critical topic of the peer region."
  type        = string
  nullable    = false
}

variable "primary" {
  description = "The site in AWS: where traffic enters and where the database takes statements."
  type = object({
    cluster_arn            = string
    databases              = map(string)
    load_balancer_dns_name = string
    load_balancer_zone_id  = string
    region                 = string
    secret_arn             = string
  })
  nullable = false
}

variable "region" {
  description = "The third place, in which the runbooks run; neither site is here."
  type        = string
  nullable    = false

  validation {
    condition     = var.region != var.primary.region
    error_message = "A runbook in the primary's region dies with the primary."
  }
}

variable "retention_days" {
  description = "How long the logs of functions and runbooks are kept."
  type        = number
  nullable    = false
}

variable "runbook" {
  description = "Numbers of the runbooks: seconds, and attempts at the intervals that the definitions state."
  type = object({
    failback_lag_s        = number
    gate_timeout_s        = number
    lag_attempts          = number
    lease_s               = number
    longest_transaction_s = number
    quorum                = number
    renew_every_s         = number
    route_attempts        = number
    rpo_s                 = number
    seed_attempts         = number
    vote_attempts         = number
    vote_valid_s          = number
  })
  nullable = false

  validation {
    condition     = var.runbook.quorum * 2 > length(var.observers) && var.runbook.quorum <= length(var.observers)
    error_message = "A quorum is more than half of the observers and not more than all."
  }

  validation {
    condition     = var.runbook.lease_s >= 3 * var.runbook.renew_every_s
    error_message = "A lease outlasts two renewals that fail."
  }

  validation {
    condition     = var.runbook.vote_valid_s > var.check.request_interval_s * var.check.failure_threshold
    error_message = "A vote is valid for longer than it takes to form the next one."
  }
}

variable "standby" {
  description = "The site in Google Cloud: where traffic enters, how its database is reached, who its cluster is."
  type = object({
    address       = string
    cluster_id    = string
    databases     = map(string)
    instance_name = string
    name_servers  = list(string)
    project       = string
    federation = object({
      audience        = string
      service_account = string
    })
  })
  nullable = false
}

variable "topic_arn" {
  description = "Critical topic of this region."
  type        = string
  nullable    = false
}

variable "topic_key_arn" {
  description = "Key of the topic."
  type        = string
  nullable    = false
}

variable "ttl_s" {
  description = "How long resolvers keep the standby's address and the delegation to its zone."
  type = object({
    delegation = number
    record     = number
  })
  nullable = false

  validation {
    condition     = var.ttl_s.record <= 60
    error_message = "A record with a health check is cached for 60 seconds at most: the TTL is part of the RTO."
  }
}

variable "zone" {
  description = "Public zone of the environment."
  type = object({
    id   = string
    name = string
  })
  nullable = false
}
