# Only the edge network's addresses reach the load balancer; who calls it
# directly would pass by what the edge absorbs.
resource "aws_ec2_managed_prefix_list" "edge" {
  address_family = "IPv4"
  max_entries    = 60
  name           = "${var.name}-edge"

  dynamic "entry" {
    for_each = merge(var.edge_cidrs, var.health_checker_cidrs)

    content {
      cidr        = entry.value
      description = entry.key
    }
  }
}

resource "aws_security_group" "main" {
  description = "Public load balancer of ${var.name}"
  name        = "${var.name}-ingress"
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.name}-ingress" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "edge" {
  description       = "HTTPS from the edge network"
  from_port         = 443
  ip_protocol       = "tcp"
  prefix_list_id    = aws_ec2_managed_prefix_list.edge.id
  security_group_id = aws_security_group.main.id
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "gateway" {
  for_each = local._gateway_ports

  description                  = "To the gateway: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = var.node_security_group_id
  security_group_id            = aws_security_group.main.id
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "gateway" {
  for_each = local._gateway_ports

  description                  = "From the load balancer: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.main.id
  security_group_id            = var.node_security_group_id
  to_port                      = each.value
}

locals {
  _gateway_ports = {
    requests  = var.gateway.port
    readiness = var.gateway.status_port
  }
}
