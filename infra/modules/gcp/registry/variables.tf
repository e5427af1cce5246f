variable "attestation_key_id" {
  description = "Key that the pipeline attests images with."
  type        = string
  nullable    = false
}

variable "attestation_note_id" {
  description = "Note that the pipeline attaches attestations to."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "Environment that is published to: the workflow's and the platform's."
  type        = string
  nullable    = false
}

variable "key_id" {
  description = "Key of the images and charts."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-standby."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 24
    error_message = "The pool takes the name and eight characters, 32 in all."
  }
}

variable "node_member" {
  description = "The nodes' account, as IAM names it."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the repositories."
  type        = string
  nullable    = false
}

variable "publisher_repository" {
  description = "Repository whose workflows publish, such as owner/name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.publisher_repository))
    error_message = "Name the repository as owner/name."
  }
}

variable "region" {
  description = "Region of the repositories."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Services whose images are kept."
  type        = set(string)
  nullable    = false
}

variable "untagged_days" {
  description = "Days after which a version without tag is removed."
  type        = number
  nullable    = false

  validation {
    condition     = var.untagged_days >= 7
    error_message = "A roll-back may need what was replaced: keep it for 7 days at least."
  }
}

variable "versions_kept" {
  description = "Newest versions of each image that are always kept."
  type        = number
  nullable    = false

  validation {
    condition     = var.versions_kept >= 10
    error_message = "Keep at least the last ten versions to roll back to."
  }
}
