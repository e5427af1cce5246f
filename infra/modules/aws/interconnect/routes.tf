locals {
  # The keys name table and destination, both known before anything exists.
  _routes = merge([
    for table, id in merge(
      { for zone, id in var.network.data_route_table_ids : "data-${zone}" => id },
      { for zone, id in var.network.private_route_table_ids : "private-${zone}" => id },
      ) : {
      for destination, cidr in merge(
        var.standby_cidrs,
        { peer = var.peer_network.vpc_cidr },
      ) : "${table}/${destination}" => { cidr = cidr, route_table_id = id }
    }
  ]...)

  _peer_routes = merge([
    for zone, id in var.peer_network.data_route_table_ids : {
      for destination, cidr in merge(
        var.standby_cidrs,
        { primary = var.network.vpc_cidr },
      ) : "data-${zone}/${destination}" => { cidr = cidr, route_table_id = id }
    }
  ]...)
}

resource "aws_route" "main" {
  for_each = local._routes

  destination_cidr_block = each.value.cidr
  route_table_id         = each.value.route_table_id
  transit_gateway_id     = aws_ec2_transit_gateway.main.id

  depends_on = [aws_ec2_transit_gateway_vpc_attachment.main]
}

resource "aws_route" "peer" {
  for_each = local._peer_routes
  provider = aws.peer

  destination_cidr_block = each.value.cidr
  route_table_id         = each.value.route_table_id
  transit_gateway_id     = aws_ec2_transit_gateway.peer.id

  depends_on = [aws_ec2_transit_gateway_vpc_attachment.peer]
}
