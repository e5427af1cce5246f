# The peer region holds replicas of data and nothing that calls out: no internet
# gateway, no NAT, no workload subnet.

locals {
  _peer_data_cidrs = {
    for zone, index in var.peer_zones :
    zone => cidrsubnet(var.peer_vpc_cidr, 6, 48 + index)
  }
  _peer_transit_cidrs = {
    for zone, index in var.peer_zones :
    zone => cidrsubnet(var.peer_vpc_cidr, 12, 3584 + index)
  }
}

resource "aws_vpc" "peer" {
  provider = aws.peer

  cidr_block           = var.peer_vpc_cidr
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = "${var.name}-peer" }
}

resource "aws_default_security_group" "peer" {
  provider = aws.peer

  vpc_id = aws_vpc.peer.id

  tags = { Name = "${var.name}-peer-default" }
}

resource "aws_subnet" "peer_data" {
  for_each = local._peer_data_cidrs
  provider = aws.peer

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.peer.id

  tags = {
    Name = "${var.name}-peer-data-${each.key}"
    tier = "data"
  }
}

resource "aws_subnet" "peer_transit" {
  for_each = local._peer_transit_cidrs
  provider = aws.peer

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.peer.id

  tags = {
    Name = "${var.name}-peer-transit-${each.key}"
    tier = "transit"
  }
}

resource "aws_route_table" "peer_data" {
  for_each = var.peer_zones
  provider = aws.peer

  vpc_id = aws_vpc.peer.id

  tags = { Name = "${var.name}-peer-data-${each.key}" }
}

resource "aws_route_table_association" "peer_data" {
  for_each = var.peer_zones
  provider = aws.peer

  route_table_id = aws_route_table.peer_data[each.key].id
  subnet_id      = aws_subnet.peer_data[each.key].id
}

resource "aws_route_table" "peer_transit" {
  provider = aws.peer

  vpc_id = aws_vpc.peer.id

  tags = { Name = "${var.name}-peer-transit" }
}

resource "aws_route_table_association" "peer_transit" {
  for_each = var.peer_zones
  provider = aws.peer

  route_table_id = aws_route_table.peer_transit.id
  subnet_id      = aws_subnet.peer_transit[each.key].id
}
