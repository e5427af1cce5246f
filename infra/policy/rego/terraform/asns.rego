# METADATA
# title: No two routers share a number
# description: >-
#   BGP drops a route in which it finds its own number: with one number on both ends of the interconnect the clouds
#   never learn each other's networks.
# related_resources:
# - ref: https://docs.aws.amazon.com/directconnect/latest/UserGuide/routing-and-bgp.html
# custom:
#   id: TF-012
#   severity: critical
package meshproof.terraform.asns

import data.meshproof.lib.terraform

speakers contains {"address": gateway.address, "asn": to_number(gateway.values.amazon_side_asn), "resource": gateway} if {
	some gateway in terraform.resources({"aws_dx_gateway", "aws_ec2_transit_gateway"})
	gateway.values.amazon_side_asn != null
}

speakers contains {"address": router.address, "asn": to_number(bgp.asn), "resource": router} if {
	some router in terraform.resources({"google_compute_router"})
	some bgp in terraform.blocks(router, "bgp")
	bgp.asn != null
}

private(asn) if {
	asn >= 64512
	asn <= 65534
}

private(asn) if {
	asn >= 4200000000
	asn <= 4294967294
}

# Partner attachments and Google's own side use one public number.
private(16550)

deny contains terraform.finding("TF-012", one.resource, sprintf("shares %d with %s", [one.asn, other.address])) if {
	some one in speakers
	some other in speakers
	one.address < other.address
	one.asn == other.asn
}

deny contains terraform.finding("TF-012", speaker.resource, sprintf("uses %d, which belongs to somebody", [speaker.asn])) if {
	some speaker in speakers
	not private(speaker.asn)
}

undecided contains terraform.finding("TF-012", gateway, "its number is known only after apply") if {
	some gateway in terraform.resources({"aws_dx_gateway", "aws_ec2_transit_gateway"})
	terraform.unknown(gateway, "amazon_side_asn")
}
