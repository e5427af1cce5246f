variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment whose incidents these are."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "pagers" {
  description = "Pagers behind one interface; retires_on is the day on which the vendor ends the API, null while none is announced."
  type = map(object({
    active     = bool
    endpoint   = string
    retires_on = optional(string)
  }))
  nullable = false

  validation {
    condition     = length([for pager in values(var.pagers) : pager if pager.active]) == 1
    error_message = "Exactly one pager is active: with two every page wakes two people, with none nobody."
  }

  validation {
    condition     = alltrue([for name in keys(var.pagers) : contains(["opsgenie", "pagerduty"], name)])
    error_message = "The function speaks to pagerduty and opsgenie."
  }

  validation {
    condition = alltrue([for pager in values(var.pagers) :
      startswith(pager.endpoint, "https://")
    ])
    error_message = "A pager is called over HTTPS."
  }

  validation {
    condition = alltrue([for pager in values(var.pagers) :
      pager.retires_on == null ? true : can(formatdate("YYYY", "${pager.retires_on}T00:00:00Z"))
    ])
    error_message = "retires_on is a day as YYYY-MM-DD."
  }
}

variable "peer_region" {
  description = "Second region of this location, in which Route 53 raises its alarms."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the topics."
  type        = string
  nullable    = false
}

variable "retention_days" {
  description = "How long the function's log is kept."
  type        = number
  nullable    = false
}

variable "ticket_addresses" {
  description = "E-mail addresses that receive tickets."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.ticket_addresses) > 0
    error_message = "Somebody must receive tickets, among them the one about pages that fail."
  }
}
