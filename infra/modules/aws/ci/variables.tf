variable "account_id" {
  description = "AWS account of the environment."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment; its GitHub environments are <environment> and <environment>-plan."
  type        = string
  nullable    = false
}

variable "image_region" {
  description = "Region of the image registry."
  type        = string
  nullable    = false
}

variable "image_repositories" {
  description = "Names of the repositories that may be pushed to."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in var.image_repositories : !strcontains(name, "*")])
    error_message = "Name each repository: a wildcard would let one service push as another."
  }
}

variable "name" {
  description = "Environment-wide prefix of names."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the state."
  type        = string
  nullable    = false
}

variable "regions" {
  description = "Regions that a pipeline may touch; us-east-1 is where the global services answer."
  type        = list(string)
  nullable    = false

  validation {
    condition     = contains(var.regions, "us-east-1")
    error_message = "Without us-east-1 neither IAM nor Route 53 can be changed."
  }
}

variable "repository" {
  description = "GitHub repository, as owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "Give one repository as owner/name, without a wildcard."
  }
}

variable "state_bucket" {
  description = "Bucket of the Terraform state."
  type        = string
  nullable    = false
}

variable "state_key_alias" {
  description = "Alias of the key of the Terraform state."
  type        = string
  nullable    = false
}
