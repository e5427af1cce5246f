variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "caa" {
  description = "Authorities that may issue certificates for the domain, who is told of violations, and how long the record is cached."
  type = object({
    authorities = list(string)
    contact     = string
    ttl_s       = number
  })
  nullable = false

  validation {
    condition     = length(var.caa.authorities) > 0
    error_message = "Name at least one authority: otherwise nobody can renew a certificate."
  }
}

variable "domain" {
  description = "Domain of the environment."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment that the names belong to."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region of the signing key and of the query log."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region == "us-east-1"
    error_message = "Route 53 accepts signing keys and query logs in us-east-1 only."
  }
}

variable "retention_days" {
  description = "How long queries are kept."
  type        = number
  nullable    = false
}

variable "topic_arn" {
  description = "Topic in the peer region that takes the alarms."
  type        = string
  nullable    = false
}
