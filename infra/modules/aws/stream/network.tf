locals {
  # IAM over TLS; the two exporters that Prometheus scrapes.
  client_ports = { kafka = 9098, jmx = 11001, node = 11002 }
}

resource "aws_security_group" "main" {
  name        = "${var.name}-stream"
  description = "Kafka: clients and scrapers on the nodes only"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-stream" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  for_each = local.client_ports

  security_group_id            = aws_security_group.main.id
  description                  = "${each.key} from the cluster's nodes"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}
