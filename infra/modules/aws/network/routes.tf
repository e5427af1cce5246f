locals {
  # With one gateway the loss of its zone costs every zone its way out, which
  # only an environment without users may accept.
  _nat_zones = (
    var.nat_gateway_per_zone ? keys(var.zones) : [sort(keys(var.zones))[0]]
  )
}

resource "aws_eip" "nat" {
  for_each = toset(local._nat_zones)

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }

  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "main" {
  for_each = toset(local._nat_zones)

  allocation_id     = aws_eip.nat[each.key].id
  connectivity_type = "public"
  subnet_id         = aws_subnet.edge[each.key].id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "edge" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-edge" }
}

resource "aws_route" "internet" {
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.main.id
  route_table_id         = aws_route_table.edge.id
}

resource "aws_route_table_association" "edge" {
  for_each = var.zones

  route_table_id = aws_route_table.edge.id
  subnet_id      = aws_subnet.edge[each.key].id
}

resource "aws_route_table" "private" {
  for_each = var.zones

  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route" "nat" {
  for_each = var.zones

  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id = aws_nat_gateway.main[
    var.nat_gateway_per_zone ? each.key : local._nat_zones[0]
  ].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table_association" "private" {
  for_each = var.zones

  route_table_id = aws_route_table.private[each.key].id
  subnet_id      = aws_subnet.private[each.key].id
}

# No default route: what stores data has no way to the internet.
resource "aws_route_table" "data" {
  for_each = var.zones

  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-data-${each.key}" }
}

resource "aws_route_table_association" "data" {
  for_each = var.zones

  route_table_id = aws_route_table.data[each.key].id
  subnet_id      = aws_subnet.data[each.key].id
}

resource "aws_route_table" "transit" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${var.name}-transit" }
}

resource "aws_route_table_association" "transit" {
  for_each = var.zones

  route_table_id = aws_route_table.transit.id
  subnet_id      = aws_subnet.transit[each.key].id
}
