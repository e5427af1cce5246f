# Two tables: what the VPC may reach, and what may be reached over the links.
# Transit from one link to another is in neither.

resource "aws_ec2_transit_gateway" "main" {
  amazon_side_asn                    = var.asns.transit_gateway
  auto_accept_shared_attachments     = "disable"
  default_route_table_association    = "enable"
  default_route_table_propagation    = "enable"
  description                        = var.name
  dns_support                        = "enable"
  multicast_support                  = "disable"
  security_group_referencing_support = "disable"
  vpn_ecmp_support                   = "enable"

  tags = { Name = var.name }
}

resource "aws_ec2_transit_gateway_route_table" "vpc" {
  transit_gateway_id = aws_ec2_transit_gateway.main.id

  tags = { Name = "${var.name}-vpc" }
}

resource "aws_ec2_transit_gateway_route_table" "links" {
  transit_gateway_id = aws_ec2_transit_gateway.main.id

  tags = { Name = "${var.name}-links" }
}

# The attachment that a Direct Connect gateway makes by itself follows the
# defaults and cannot be named here: so our tables are the defaults. What comes in
# over a link meets the table of the links and is announced to the VPC's.
resource "aws_ec2_transit_gateway_default_route_table_association" "main" {
  transit_gateway_id             = aws_ec2_transit_gateway.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.links.id
}

resource "aws_ec2_transit_gateway_default_route_table_propagation" "main" {
  transit_gateway_id             = aws_ec2_transit_gateway.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.vpc.id
}

resource "aws_ec2_transit_gateway_vpc_attachment" "main" {
  appliance_mode_support                          = "disable"
  dns_support                                     = "enable"
  ipv6_support                                    = "disable"
  security_group_referencing_support              = "disable"
  subnet_ids                                      = values(var.network.transit_subnet_ids)
  transit_gateway_default_route_table_association = false
  transit_gateway_default_route_table_propagation = false
  transit_gateway_id                              = aws_ec2_transit_gateway.main.id
  vpc_id                                          = var.network.vpc_id

  tags = { Name = var.name }
}

resource "aws_ec2_transit_gateway_route_table_association" "vpc" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.vpc.id
}

resource "aws_ec2_transit_gateway_route_table_propagation" "vpc" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.main.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.links.id
}
