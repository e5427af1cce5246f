resource "aws_cloudwatch_log_group" "control_plane" {
  kms_key_id        = var.key_arns.logs
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.retention_days
}

resource "aws_eks_cluster" "main" {
  bootstrap_self_managed_addons = false
  name                          = var.name
  role_arn                      = aws_iam_role.cluster.arn
  version                       = var.kubernetes_version

  enabled_cluster_log_types = [
    "api",
    "audit",
    "authenticator",
    "controllerManager",
    "scheduler",
  ]

  # Rights come from access entries alone; whoever creates the cluster gets none.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.key_arns.cluster
    }
  }

  kubernetes_network_config {
    ip_family         = "ipv4"
    service_ipv4_cidr = var.service_cidr
  }

  # STANDARD upgrades by itself at the end of support instead of paying for an
  # old version.
  upgrade_policy {
    support_type = "STANDARD"
  }

  vpc_config {
    endpoint_private_access = true
    endpoint_public_access  = false
    security_group_ids      = [aws_security_group.control_plane.id]
    subnet_ids              = values(var.subnet_ids)
  }

  zonal_shift_config {
    enabled = true
  }

  # The log group must be ours before EKS makes one without key and retention,
  # and the role must keep its policies until the cluster is gone.
  depends_on = [
    aws_cloudwatch_log_group.control_plane,
    aws_iam_role_policy_attachment.cluster,
  ]
}
