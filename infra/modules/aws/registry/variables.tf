variable "account_id" {
  description = "Account that owns the registry."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "key_arn" {
  description = "Key of the images."
  type        = string
  nullable    = false
}

variable "name" {
  description = "Prefix of the names, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "node_role_arn" {
  description = "Role of the nodes, which alone may pull."
  type        = string
  nullable    = false
}

variable "peer_key_arn" {
  description = "Key of the copies in the peer region."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "Region that gets a copy of every image."
  type        = string
  nullable    = false

  validation {
    condition     = var.peer_region != var.region
    error_message = "The peer region must be another region."
  }
}

variable "region" {
  description = "Region of the registry."
  type        = string
  nullable    = false
}

variable "retained_images" {
  description = "Tagged images kept in each repository."
  type        = number
  nullable    = false

  validation {
    condition     = var.retained_images >= 10
    error_message = "A rollback needs at least ten images to choose from."
  }
}

variable "services" {
  description = "Services that have a repository."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.services) > 0
    error_message = "The registry needs at least one service."
  }
}

variable "untagged_retention_days" {
  description = "Days after which an image without a tag is removed."
  type        = number
  default     = 7
  nullable    = false
}

variable "upstreams" {
  description = "Upstream registries mirrored for the platform, by short name; those that need no credentials."
  type        = map(string)
  default = {
    ecr-public = "public.ecr.aws"
    kubernetes = "registry.k8s.io"
    quay       = "quay.io"
  }
  nullable = false
}
