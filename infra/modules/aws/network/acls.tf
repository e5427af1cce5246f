# The second wall around the data, should a security group be opened by mistake:
# only the platform's own networks pass. The rules admit unprivileged ports as a
# whole because an ACL keeps no state and replies come to any of them; single
# ports are the security groups' work.

locals {
  _data_neighbours = merge(var.trusted_cidrs, {
    local = var.vpc_cidr
    peer  = var.peer_vpc_cidr
  })
  _data_rule_numbers = {
    for index, neighbour in keys(local._data_neighbours) :
    neighbour => 100 + index * 10
  }
}

resource "aws_network_acl" "data" {
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]
  vpc_id     = aws_vpc.main.id

  tags = { Name = "${var.name}-data" }
}

resource "aws_network_acl_rule" "data_ingress" {
  for_each = local._data_neighbours

  cidr_block     = each.value
  egress         = false
  from_port      = 1024
  network_acl_id = aws_network_acl.data.id
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = local._data_rule_numbers[each.key]
  to_port        = 65535
}

resource "aws_network_acl_rule" "data_egress" {
  for_each = local._data_neighbours

  cidr_block     = each.value
  egress         = true
  from_port      = 1024
  network_acl_id = aws_network_acl.data.id
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = local._data_rule_numbers[each.key]
  to_port        = 65535
}

# The interface endpoints, which live in the private subnets.
resource "aws_network_acl_rule" "data_endpoints" {
  cidr_block     = var.vpc_cidr
  egress         = true
  from_port      = 443
  network_acl_id = aws_network_acl.data.id
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = 90
  to_port        = 443
}

resource "aws_network_acl" "peer_data" {
  provider = aws.peer

  subnet_ids = [for subnet in aws_subnet.peer_data : subnet.id]
  vpc_id     = aws_vpc.peer.id

  tags = { Name = "${var.name}-peer-data" }
}

resource "aws_network_acl_rule" "peer_data_ingress" {
  for_each = local._data_neighbours
  provider = aws.peer

  cidr_block     = each.value
  egress         = false
  from_port      = 1024
  network_acl_id = aws_network_acl.peer_data.id
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = local._data_rule_numbers[each.key]
  to_port        = 65535
}

resource "aws_network_acl_rule" "peer_data_egress" {
  for_each = local._data_neighbours
  provider = aws.peer

  cidr_block     = each.value
  egress         = true
  from_port      = 1024
  network_acl_id = aws_network_acl.peer_data.id
  protocol       = "tcp"
  rule_action    = "allow"
  rule_number    = local._data_rule_numbers[each.key]
  to_port        = 65535
}
