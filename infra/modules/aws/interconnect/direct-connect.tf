# Each connection is a port of its own in a building of its own, and Google's
# router ends both: losing one halves the bandwidth and nothing else.
resource "aws_dx_connection" "main" {
  for_each = var.links

  bandwidth       = each.value.bandwidth
  encryption_mode = "must_encrypt"
  location        = each.value.location
  name            = "${var.name}-${each.key}"
  request_macsec  = true
}

resource "aws_dx_gateway" "main" {
  amazon_side_asn = var.asns.direct_connect
  name            = var.name
}

# BFD is always on at AWS's end, so the pace of the standby's router decides how
# soon a dead link is given up. AWS makes the BGP key; none is written here.
resource "aws_dx_transit_virtual_interface" "main" {
  for_each = var.links

  address_family   = "ipv4"
  amazon_address   = "${cidrhost(each.value.bgp_range, 2)}/29"
  bgp_asn          = var.asns.cloud_router
  connection_id    = aws_dx_connection.main[each.key].id
  customer_address = "${cidrhost(each.value.bgp_range, 1)}/29"
  dx_gateway_id    = aws_dx_gateway.main.id
  mtu              = 1500
  name             = "${var.name}-${each.key}"
  sitelink_enabled = false
  vlan             = each.value.vlan_tag
}

resource "aws_dx_gateway_association" "main" {
  allowed_prefixes      = [var.network.vpc_cidr]
  associated_gateway_id = aws_ec2_transit_gateway.main.id
  dx_gateway_id         = aws_dx_gateway.main.id

  depends_on = [
    aws_ec2_transit_gateway_default_route_table_association.main,
    aws_ec2_transit_gateway_default_route_table_propagation.main,
  ]
}

resource "aws_dx_gateway_association" "peer" {
  provider = aws.peer

  allowed_prefixes      = [var.peer_network.vpc_cidr]
  associated_gateway_id = aws_ec2_transit_gateway.peer.id
  dx_gateway_id         = aws_dx_gateway.main.id

  depends_on = [
    aws_ec2_transit_gateway_default_route_table_association.peer,
    aws_ec2_transit_gateway_default_route_table_propagation.peer,
  ]
}
