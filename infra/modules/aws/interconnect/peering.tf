# Peered gateways exchange no routes: each side states what it finds behind the
# other.

resource "aws_ec2_transit_gateway_peering_attachment" "main" {
  peer_account_id         = var.account_id
  peer_region             = var.peer_region
  peer_transit_gateway_id = aws_ec2_transit_gateway.peer.id
  transit_gateway_id      = aws_ec2_transit_gateway.main.id

  tags = { Name = "${var.name}-peer" }
}

resource "aws_ec2_transit_gateway_peering_attachment_accepter" "peer" {
  provider = aws.peer

  transit_gateway_attachment_id = aws_ec2_transit_gateway_peering_attachment.main.id

  tags = { Name = var.name }
}

resource "aws_ec2_transit_gateway_route_table_association" "peering" {
  replace_existing_association   = true
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.links.id
}

resource "aws_ec2_transit_gateway_route_table_association" "peer_peering" {
  provider = aws.peer

  replace_existing_association   = true
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_links.id
}

resource "aws_ec2_transit_gateway_route" "peer" {
  destination_cidr_block         = var.peer_network.vpc_cidr
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.vpc.id
}

resource "aws_ec2_transit_gateway_route" "primary" {
  provider = aws.peer

  destination_cidr_block         = var.network.vpc_cidr
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_peering_attachment_accepter.peer.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.peer_vpc.id
}
