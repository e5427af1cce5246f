# The peer region has a gateway of its own on the same Direct Connect gateway: the
# standby reaches the replicas when the primary region is gone.

resource "aws_ec2_transit_gateway" "peer" {
  provider = aws.peer

  amazon_side_asn                    = var.asns.peer_transit_gateway
  auto_accept_shared_attachments     = "disable"
  default_route_table_association    = "enable"
  default_route_table_propagation    = "enable"
  description                        = "${var.name}-peer"
  dns_support                        = "enable"
  multicast_support                  = "disable"
  security_group_referencing_support = "disable"
  vpn_ecmp_support                   = "enable"

  tags = { Name = "${var.name}-peer" }
}

resource "aws_ec2_transit_gateway_route_table" "peer_vpc" {
  provider = aws.peer

  transit_gateway_id = aws_ec2_transit_gateway.peer.id

  tags = { Name = "${var.name}-peer-vpc" }
}

resource "aws_ec2_transit_gateway_route_table" "peer_links" {
  provider = aws.peer

  transit_gateway_id = aws_ec2_transit_gateway.peer.id

  tags = { Name = "${var.name}-peer-links" }
}

resource "aws_ec2_transit_gateway_default_route_table_association" "peer" {
  provider = aws.peer

  transit_gateway_id             = aws_ec2_transit_gateway.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_links.id
}

resource "aws_ec2_transit_gateway_default_route_table_propagation" "peer" {
  provider = aws.peer

  transit_gateway_id             = aws_ec2_transit_gateway.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_vpc.id
}

resource "aws_ec2_transit_gateway_vpc_attachment" "peer" {
  provider = aws.peer

  appliance_mode_support                          = "disable"
  dns_support                                     = "enable"
  ipv6_support                                    = "disable"
  security_group_referencing_support              = "disable"
  subnet_ids                                      = values(var.peer_network.transit_subnet_ids)
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
  transit_gateway_id                              = aws_ec2_transit_gateway.peer.id
  vpc_id                                          = var.peer_network.vpc_id

  tags = { Name = "${var.name}-peer" }
}

resource "aws_ec2_transit_gateway_route_table_association" "peer_vpc" {
  provider = aws.peer

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_vpc.id
}

resource "aws_ec2_transit_gateway_route_table_propagation" "peer_vpc" {
  provider = aws.peer

  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_links.id
}
