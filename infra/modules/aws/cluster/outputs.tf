output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.main.arn
}

output "cluster_certificate_authority" {
  description = "Certificate authority of the API, base64."
  value       = aws_eks_cluster.main.certificate_authority[0].data
}

output "cluster_endpoint" {
  description = "Private endpoint of the API."
  value       = aws_eks_cluster.main.endpoint
}

output "cluster_name" {
  description = "Name of the cluster, known once it has its node agents."
  value       = aws_eks_cluster.main.name

  depends_on = [aws_eks_addon.agent]
}

output "cluster_security_group_id" {
  description = "Security group that EKS itself makes for the control plane."
  value       = aws_eks_cluster.main.vpc_config[0].cluster_security_group_id
}

output "cluster_version" {
  description = "Minor version of Kubernetes."
  value       = aws_eks_cluster.main.version
}

output "control_plane_security_group_id" {
  description = "Security group that admits clients to the API."
  value       = aws_security_group.control_plane.id
}

output "log_group_name" {
  description = "Log group of the control plane."
  value       = aws_cloudwatch_log_group.control_plane.name
}

output "node_group_names" {
  description = "Auto Scaling group of each node group."
  value = {
    for name, group in aws_eks_node_group.main :
    name => group.resources[0].autoscaling_groups[0].name
  }
}

output "node_role_arn" {
  description = "Role of the nodes."
  value       = aws_iam_role.node.arn
}

output "node_security_group_id" {
  description = "Security group of the nodes, and so of the pods."
  value       = aws_security_group.node.id
}
