locals {
  # Ports on which the control plane calls into the nodes.
  _node_ports = {
    admission-controllers = 9443
    admission-mesh        = 15017
    admission-policies    = 8443
    kubelet               = 10250
  }

  # Ports of the data stores, which have no place outside the VPC.
  _store_ports = {
    cache    = 6379
    database = 5432
    stream   = 9098
    # Prometheus scrapes the brokers.
    stream-jmx  = 11001
    stream-node = 11002
  }
}

resource "aws_security_group" "control_plane" {
  description = "Control plane of ${var.name}"
  name        = "${var.name}-control-plane"
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.name}-control-plane" }
}

resource "aws_security_group" "node" {
  description = "Nodes of ${var.name}"
  name        = "${var.name}-node"
  vpc_id      = var.network.vpc_id

  tags = { Name = "${var.name}-node" }
}

resource "aws_vpc_security_group_ingress_rule" "control_plane_nodes" {
  description                  = "API from the nodes"
  from_port                    = 443
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.node.id
  security_group_id            = aws_security_group.control_plane.id
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "control_plane_clients" {
  for_each = var.api_client_cidrs

  cidr_ipv4         = each.value
  description       = "API from ${each.key}"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.control_plane.id
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "control_plane" {
  for_each = local._node_ports

  description                  = "To the nodes: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.node.id
  security_group_id            = aws_security_group.control_plane.id
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "node_control_plane" {
  for_each = local._node_ports

  description                  = "From the control plane: ${each.key}"
  from_port                    = each.value
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.control_plane.id
  security_group_id            = aws_security_group.node.id
  to_port                      = each.value
}

# Pods share the interfaces of their nodes: who may call whom among them is
# decided by the mesh and by network policies, which know their identities.
resource "aws_vpc_security_group_ingress_rule" "node_self" {
  description                  = "Between nodes"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.node.id
  security_group_id            = aws_security_group.node.id
}

resource "aws_vpc_security_group_egress_rule" "node_self" {
  description                  = "Between nodes"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.node.id
  security_group_id            = aws_security_group.node.id
}

resource "aws_vpc_security_group_egress_rule" "node_control_plane" {
  description                  = "API"
  from_port                    = 443
  ip_protocol                  = "tcp"
  referenced_security_group_id = aws_security_group.control_plane.id
  security_group_id            = aws_security_group.node.id
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "node_stores" {
  for_each = local._store_ports

  cidr_ipv4         = var.network.vpc_cidr
  description       = "Data stores: ${each.key}"
  from_port         = each.value
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.node.id
  to_port           = each.value
}

# Calls that fail over to the other site enter it by its east-west gateway.
resource "aws_vpc_security_group_egress_rule" "node_mesh" {
  for_each = var.mesh_peer_cidrs

  cidr_ipv4         = each.value
  description       = "East-west gateway of ${each.key}"
  from_port         = 15443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.node.id
  to_port           = 15443
}

# Image registries, AWS and partners have no fixed addresses; which hosts a
# workload may name is the egress gateway's decision.
resource "aws_vpc_security_group_egress_rule" "node_https" {
  cidr_ipv4         = "0.0.0.0/0"
  description       = "HTTPS"
  from_port         = 443
  ip_protocol       = "tcp"
  security_group_id = aws_security_group.node.id
  to_port           = 443
}
