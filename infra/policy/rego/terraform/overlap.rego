# METADATA
# title: No two networks share an address
# description: >-
#   The clouds are connected and pods reach the other site by address: two networks that overlap can not be routed
#   to each other, and it shows on the day of the failover.
# related_resources:
# - ref: https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html
# custom:
#   id: TF-006
#   severity: critical
package meshproof.terraform.overlap

import data.meshproof.lib.terraform

# The networks as they are routed: whole VPCs on AWS, each range of each subnet on GCP.
ranges contains {"address": vpc.address, "cidr": vpc.values.cidr_block, "resource": vpc} if {
	some vpc in terraform.resources({"aws_vpc"})
	is_string(vpc.values.cidr_block)
}

ranges contains {"address": subnet.address, "cidr": subnet.values.ip_cidr_range, "resource": subnet} if {
	some subnet in terraform.resources({"google_compute_subnetwork"})
	is_string(subnet.values.ip_cidr_range)
}

ranges contains {"address": sprintf("%s/%s", [subnet.address, range.range_name]), "cidr": range.ip_cidr_range, "resource": subnet} if {
	some subnet in terraform.resources({"google_compute_subnetwork"})
	some range in terraform.blocks(subnet, "secondary_ip_range")
	is_string(range.ip_cidr_range)
}

deny contains terraform.finding("TF-006", one.resource, sprintf("%s overlaps %s of %s", [one.cidr, other.cidr, other.address])) if {
	some one in ranges
	some other in ranges
	one.address < other.address
	net.cidr_intersects(one.cidr, other.cidr)
}

undecided contains terraform.finding("TF-006", vpc, "its range is known only after apply") if {
	some vpc in terraform.resources({"aws_vpc"})
	terraform.unknown(vpc, "cidr_block")
}

undecided contains terraform.finding("TF-006", subnet, "its range is known only after apply") if {
	some subnet in terraform.resources({"google_compute_subnetwork"})
	terraform.unknown(subnet, "ip_cidr_range")
}
