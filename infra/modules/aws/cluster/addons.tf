locals {
  _network_configuration = jsonencode({
    enableNetworkPolicy = "true"
    env = {
      ENABLE_PREFIX_DELEGATION = "true"
      WARM_PREFIX_TARGET       = "1"
      # A new pod is held until its policies are in force, so there is no first
      # second in which everything may talk to everything.
      NETWORK_POLICY_ENFORCING_MODE = "strict"
    }
  })
}

# Agents of the nodes, without which no node becomes ready.
resource "aws_eks_addon" "agent" {
  for_each = {
    eks-pod-identity-agent = {}
    kube-proxy             = {}
    vpc-cni = {
      configuration   = local._network_configuration
      role_arn        = aws_iam_role.network.arn
      service_account = "aws-node"
    }
  }

  addon_name                  = each.key
  addon_version               = var.addon_versions[each.key]
  cluster_name                = aws_eks_cluster.main.name
  configuration_values        = try(each.value.configuration, null)
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  dynamic "pod_identity_association" {
    for_each = try([each.value.service_account], [])

    content {
      role_arn        = each.value.role_arn
      service_account = pod_identity_association.value
    }
  }

  depends_on = [aws_iam_role_policy_attachment.network]
}

# Programs that run on the nodes.
resource "aws_eks_addon" "coredns" {
  addon_name                  = "coredns"
  addon_version               = var.addon_versions.coredns
  cluster_name                = aws_eks_cluster.main.name
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  configuration_values = jsonencode({
    autoScaling = { enabled = true, minReplicas = 3, maxReplicas = 12 }
    topologySpreadConstraints = [{
      labelSelector     = { matchLabels = { k8s-app = "kube-dns" } }
      maxSkew           = 1
      topologyKey       = "topology.kubernetes.io/zone"
      whenUnsatisfiable = "ScheduleAnyway"
    }]
  })

  depends_on = [aws_eks_node_group.main]
}

resource "aws_eks_addon" "volume" {
  addon_name                  = "aws-ebs-csi-driver"
  addon_version               = var.addon_versions.aws-ebs-csi-driver
  cluster_name                = aws_eks_cluster.main.name
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  pod_identity_association {
    role_arn        = aws_iam_role.volume.arn
    service_account = "ebs-csi-controller-sa"
  }

  depends_on = [
    aws_eks_node_group.main,
    aws_iam_role_policy_attachment.volume,
  ]
}
