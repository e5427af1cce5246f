resource "aws_elasticache_subnet_group" "main" {
  name        = var.name
  description = "Data subnets of ${var.name}"
  subnet_ids  = values(var.data_subnet_ids)
}

resource "aws_security_group" "main" {
  name        = "${var.name}-cache"
  description = "Valkey: from the nodes only"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-cache" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.main.id
  description                  = "Services on the cluster's nodes"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
}
