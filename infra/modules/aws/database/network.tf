resource "aws_db_subnet_group" "primary" {
  name        = var.name
  description = "Data subnets of ${var.name}"
  subnet_ids  = values(var.data_subnet_ids)
}

resource "aws_db_subnet_group" "peer" {
  provider = aws.peer

  name        = "${var.name}-peer"
  description = "Data subnets of ${var.name}, peer region"
  subnet_ids  = values(var.peer_data_subnet_ids)
}

resource "aws_security_group" "primary" {
  name        = "${var.name}-database"
  description = "Aurora: PostgreSQL from the nodes and from the standby"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-database" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.primary.id
  description                  = "PgBouncer on the cluster's nodes"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}

resource "aws_vpc_security_group_ingress_rule" "subscriber" {
  security_group_id = aws_security_group.primary.id
  description       = "Logical replication to the standby"
  cidr_ipv4         = var.subscriber_cidr
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
}

# At failback the roles are exchanged: Aurora is then the subscriber.
resource "aws_vpc_security_group_egress_rule" "publisher" {
  security_group_id = aws_security_group.primary.id
  description       = "Logical replication from the standby at failback"
  cidr_ipv4         = var.subscriber_cidr
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
}

resource "aws_security_group" "peer" {
  provider = aws.peer

  name        = "${var.name}-database-peer"
  description = "Aurora, peer region: PostgreSQL from the two networks"
  vpc_id      = var.peer_vpc_id

  tags = { Name = "${var.name}-database-peer" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "peer" {
  provider = aws.peer
  for_each = { primary = var.vpc_cidr, peer = var.peer_vpc_cidr }

  security_group_id = aws_security_group.peer.id
  description       = "PostgreSQL from the ${each.key} network"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
}
