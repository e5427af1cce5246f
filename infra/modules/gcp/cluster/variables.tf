variable "admission_enforcement" {
  description = "What happens to an image without attestation."
  type        = string
  nullable    = false

  validation {
    condition = contains(
      ["ENFORCED_BLOCK_AND_AUDIT_LOG", "DRYRUN_AUDIT_LOG_ONLY"],
      var.admission_enforcement,
    )
    error_message = "Block and log, or log only."
  }
}

variable "attestation_key_id" {
  description = "Key whose signature attests an image."
  type        = string
  nullable    = false
}

variable "attestor_public_keys" {
  description = "Public keys (PEM) that attestations are verified with, by version of the attestation key."
  type        = map(string)
  nullable    = false

  validation {
    condition = alltrue([
      for pem in values(var.attestor_public_keys) : startswith(pem, "-----BEGIN PUBLIC KEY-----")
    ])
    error_message = "Each key must be a public key in PEM."
  }
}

variable "authorized_cidrs" {
  description = "Private networks that may reach the control plane, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.authorized_cidrs) : can(cidrhost(cidr, 0))])
    error_message = "Each authorized network must be a CIDR block."
  }

  validation {
    condition     = !contains(values(var.authorized_cidrs), "0.0.0.0/0")
    error_message = "The internet may not reach the control plane."
  }
}

variable "control_plane_subnet_id" {
  description = "Subnet of the control plane's private endpoint."
  type        = string
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether deleting the cluster is refused."
  type        = bool
  nullable    = false
}

variable "environment" {
  description = "Environment that the cluster belongs to."
  type        = string
  nullable    = false
}

variable "frozen_season" {
  description = "Time without upgrades of version or nodes, RFC 3339."
  type        = object({ start_time = string, end_time = string })
  nullable    = false
}

variable "key_id" {
  description = "Key of the API server's secrets and of the nodes' disks."
  type        = string
  nullable    = false
}

variable "maintenance_window" {
  description = "First window (RFC 3339) and its recurrence (RFC 5545)."
  type = object({
    start_time = string
    end_time   = string
    recurrence = string
  })
  nullable = false
}

variable "name" {
  description = "Name of the cluster, such as shop-prod-standby."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 25
    error_message = "The nodes' account takes the name and five characters, thirty in all."
  }
}

variable "network_id" {
  description = "Network of the cluster."
  type        = string
  nullable    = false
}

variable "pods_range_name" {
  description = "Secondary range of the pods."
  type        = string
  nullable    = false
}

variable "project" {
  description = "Project that owns the cluster."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cluster, which spreads over all its zones."
  type        = string
  nullable    = false
}

variable "security_group" {
  description = "Group whose member groups RBAC may name."
  type        = string
  nullable    = false

  validation {
    condition     = startswith(var.security_group, "gke-security-groups@")
    error_message = "GKE accepts a group named gke-security-groups only."
  }
}

variable "services_range_name" {
  description = "Secondary range of the services."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of the nodes."
  type        = string
  nullable    = false
}
