# Bottlerocket keeps its system and the containers' data on two volumes; both
# hold what may be confidential.
resource "aws_launch_template" "main" {
  for_each = var.node_groups

  name                   = "${var.name}-${each.key}"
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.node.id]

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      delete_on_termination = true
      encrypted             = true
      kms_key_id            = var.key_arns.cluster
      volume_size           = 4
      volume_type           = "gp3"
    }
  }

  block_device_mappings {
    device_name = "/dev/xvdb"

    ebs {
      delete_on_termination = true
      encrypted             = true
      iops                  = 3000
      kms_key_id            = var.key_arns.cluster
      throughput            = 250
      volume_size           = each.value.volume_gb
      volume_type           = "gp3"
    }
  }

  # One hop: a container behind the node's network namespace cannot reach the
  # node's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_put_response_hop_limit = 1
    http_tokens                 = "required"
    instance_metadata_tags      = "disabled"
  }

  monitoring {
    enabled = true
  }

  # What an Auto Scaling group launches does not get the provider's tags.
  tag_specifications {
    resource_type = "instance"
    tags          = merge(var.node_tags, { Name = "${var.name}-${each.key}" })
  }

  tag_specifications {
    resource_type = "volume"
    tags          = merge(var.node_tags, { Name = "${var.name}-${each.key}" })
  }
}

resource "aws_eks_node_group" "main" {
  for_each = var.node_groups

  ami_type        = "BOTTLEROCKET_x86_64"
  capacity_type   = each.value.capacity_type
  cluster_name    = aws_eks_cluster.main.name
  instance_types  = each.value.instance_types
  labels          = { capacity = each.key }
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = values(var.subnet_ids)
  version         = aws_eks_cluster.main.version

  launch_template {
    id      = aws_launch_template.main[each.key].id
    version = aws_launch_template.main[each.key].latest_version
  }

  node_repair_config {
    enabled = true
  }

  scaling_config {
    desired_size = each.value.min_size
    max_size     = each.value.max_size
    min_size     = each.value.min_size
  }

  # Spot nodes can vanish at two minutes' notice: only what asks for them by
  # toleration may land there.
  dynamic "taint" {
    for_each = each.value.capacity_type == "SPOT" ? ["spot"] : []

    content {
      effect = "NO_SCHEDULE"
      key    = "capacity"
      value  = taint.value
    }
  }

  update_config {
    max_unavailable_percentage = 33
  }

  # The autoscaler owns the number of nodes between the bounds.
  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [
    aws_eks_addon.agent,
    aws_iam_role_policy_attachment.node,
  ]
}
