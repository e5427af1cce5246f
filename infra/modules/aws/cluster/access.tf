resource "aws_eks_access_entry" "main" {
  for_each = var.access

  cluster_name  = aws_eks_cluster.main.name
  principal_arn = each.value.principal_arn
  type          = "STANDARD"
}

resource "aws_eks_access_policy_association" "main" {
  for_each = var.access

  cluster_name = aws_eks_cluster.main.name
  policy_arn = (
    "arn:aws:eks::aws:cluster-access-policy/${each.value.policy}"
  )
  principal_arn = aws_eks_access_entry.main[each.key].principal_arn

  access_scope {
    namespaces = each.value.namespaces
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
  }
}
