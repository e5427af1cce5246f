variable "account_id" {
  description = "Account that owns the roles."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "cache_arn" {
  description = "Cache to which workloads with a cache user connect."
  type        = string
  nullable    = false
}

variable "cluster" {
  description = "Cluster whose service accounts get the roles."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "key_arns" {
  description = "Keys of the secrets and of the tables."
  type = object({
    secrets = string
    table   = string
  })
  nullable = false
}

variable "name" {
  description = "Prefix of the role names, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cluster and of its data."
  type        = string
  nullable    = false
}

variable "stream_arn" {
  description = "Kafka cluster from which the ARNs of topics and groups derive."
  type        = string
  nullable    = false
}

variable "workloads" {
  description = "Rights of each service account, by namespace/serviceaccount: what it touches, by name, and for controllers the statements they need."
  type = map(object({
    cache_users = optional(map(string), {})
    description = string
    secrets     = optional(map(string), {})
    statements = optional(map(object({
      actions   = list(string)
      resources = list(string)
      conditions = optional(list(object({
        test     = string
        values   = list(string)
        variable = string
      })), [])
    })), {})
    tables_rw    = optional(map(string), {})
    topics_read  = optional(map(string), {})
    topics_write = optional(map(string), {})
  }))
  nullable = false

  validation {
    condition = alltrue([
      for key in keys(var.workloads) :
      can(regex("^[a-z0-9-]+/[a-z0-9-]+$", key))
    ])
    error_message = "A workload is named namespace/serviceaccount."
  }

  validation {
    condition = alltrue(flatten([
      for workload in values(var.workloads) : [
        for statement in values(workload.statements) : [
          for action in statement.actions :
          !strcontains(action, "*")
        ]
      ]
    ]))
    error_message = "Actions must be named one by one."
  }
}
