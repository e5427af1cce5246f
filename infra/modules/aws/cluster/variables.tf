variable "access" {
  description = "Who may use the cluster: a role, an EKS access policy, and the namespaces it is bound to (none: the whole cluster)."
  type = map(object({
    namespaces    = optional(set(string), [])
    policy        = string
    principal_arn = string
  }))
  nullable = false

  validation {
    condition = alltrue([
      for entry in values(var.access) : contains([
        "AmazonEKSAdminPolicy",
        "AmazonEKSAdminViewPolicy",
        "AmazonEKSClusterAdminPolicy",
        "AmazonEKSEditPolicy",
        "AmazonEKSViewPolicy",
      ], entry.policy)
    ])
    error_message = "The policy must be one of the EKS access policies."
  }

  validation {
    condition = alltrue([
      for entry in values(var.access) :
      can(regex("^arn:aws:iam::[0-9]{12}:role/", entry.principal_arn))
    ])
    error_message = "Access is given to roles, never to users."
  }
}

variable "account_id" {
  description = "Account that owns the cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has twelve digits."
  }
}

variable "addon_versions" {
  description = "Version of each EKS add-on."
  type = object({
    aws-ebs-csi-driver     = string
    coredns                = string
    eks-pod-identity-agent = string
    kube-proxy             = string
    vpc-cni                = string
  })
  nullable = false
}

variable "api_client_cidrs" {
  description = "Networks beside the nodes from which the private API answers, by name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = !contains(values(var.api_client_cidrs), "0.0.0.0/0")
    error_message = "The API must not answer the internet."
  }
}

variable "key_arns" {
  description = "Keys of the cluster (secrets, volumes) and of its logs."
  type = object({
    cluster = string
    logs    = string
  })
  nullable = false
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "A version is written like 1.34."
  }
}

variable "mesh_peer_cidrs" {
  description = "Networks of the east-west gateways of the other sites, by name."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.mesh_peer_cidrs) : can(cidrnetmask(cidr))])
    error_message = "A network is an IPv4 range such as 10.34.0.0/16."
  }
}

variable "name" {
  description = "Name of the cluster, such as shop-prod-primary."
  type        = string
  nullable    = false
}

variable "network" {
  description = "VPC of the cluster."
  type = object({
    vpc_cidr = string
    vpc_id   = string
  })
  nullable = false
}

variable "node_groups" {
  description = "Node groups, each spread over all zones."
  type = map(object({
    capacity_type  = string
    instance_types = list(string)
    max_size       = number
    min_size       = number
    volume_gb      = optional(number, 80)
  }))
  nullable = false

  validation {
    condition = alltrue([
      for group in values(var.node_groups) :
      contains(["ON_DEMAND", "SPOT"], group.capacity_type)
    ])
    error_message = "The capacity type must be ON_DEMAND or SPOT."
  }

  validation {
    condition = anytrue([
      for group in values(var.node_groups) : group.capacity_type == "ON_DEMAND"
    ])
    error_message = "A cluster needs capacity that is not taken away."
  }

  validation {
    condition = alltrue([
      for group in values(var.node_groups) :
      group.capacity_type == "ON_DEMAND" || length(group.instance_types) >= 4
    ])
    error_message = "Spot capacity needs at least four instance types to draw on."
  }

  validation {
    condition = alltrue([
      for group in values(var.node_groups) : group.min_size <= group.max_size
    ])
    error_message = "The smallest size must not exceed the largest."
  }
}

variable "node_tags" {
  description = "Tags of the instances and volumes, for cost allocation."
  type        = map(string)
  nullable    = false
}

variable "retention_days" {
  description = "Days for which control plane logs are kept."
  type        = number
  nullable    = false
}

variable "service_cidr" {
  description = "Network of the Services, which is not routed outside."
  type        = string
  default     = "172.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrhost(var.service_cidr, 0))
    error_message = "The network of the Services must be a CIDR block."
  }
}

variable "subnet_ids" {
  description = "Private subnet of each zone."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 3
    error_message = "The cluster needs at least three zones."
  }
}
