# The index of a zone, not its place in a list, decides its blocks: adding or
# dropping a zone moves no subnet. Of a /16 the private blocks take .0 to .191,
# data .192 to .215, edge .216 to .221 and transit .224.

locals {
  _private_cidrs = {
    for zone, index in var.zones : zone => cidrsubnet(var.vpc_cidr, 3, index)
  }
  _data_cidrs = {
    for zone, index in var.zones : zone => cidrsubnet(var.vpc_cidr, 6, 48 + index)
  }
  _edge_cidrs = {
    for zone, index in var.zones : zone => cidrsubnet(var.vpc_cidr, 8, 216 + index)
  }
  _transit_cidrs = {
    for zone, index in var.zones : zone => cidrsubnet(var.vpc_cidr, 12, 3584 + index)
  }
}

resource "aws_subnet" "private" {
  for_each = local._private_cidrs

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.main.id

  tags = {
    Name                                        = "${var.name}-private-${each.key}"
    tier                                        = "private"
    "kubernetes.io/cluster/${var.cluster_name}" = "shared"
    "kubernetes.io/role/internal-elb"           = "1"
  }
}

resource "aws_subnet" "data" {
  for_each = local._data_cidrs

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.main.id

  tags = {
    Name = "${var.name}-data-${each.key}"
    tier = "data"
  }
}

resource "aws_subnet" "edge" {
  for_each = local._edge_cidrs

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.main.id

  tags = {
    Name                                        = "${var.name}-edge-${each.key}"
    tier                                        = "edge"
    "kubernetes.io/cluster/${var.cluster_name}" = "shared"
    "kubernetes.io/role/elb"                    = "1"
  }
}

# A transit gateway's interfaces get blocks of their own, so that the network
# ACLs of the workloads never apply to traffic in transit.
resource "aws_subnet" "transit" {
  for_each = local._transit_cidrs

  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false
  vpc_id                  = aws_vpc.main.id

  tags = {
    Name = "${var.name}-transit-${each.key}"
    tier = "transit"
  }
}
