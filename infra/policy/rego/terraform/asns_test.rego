package meshproof.terraform.asns_test

import data.meshproof.terraform.asns

test_distinct if {
	plan := {"resources": [
		{"address": "a.t", "type": "aws_ec2_transit_gateway", "values": {"amazon_side_asn": 64544}},
		{"address": "a.d", "type": "aws_dx_gateway", "values": {"amazon_side_asn": "4200000001"}},
		{"address": "g.r", "type": "google_compute_router", "values": {"bgp": [{"asn": 16550}]}},
	]}
	deny := asns.deny with input as plan
	undecided := asns.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_shared if {
	plan := {"resources": [
		{"address": "a.t", "type": "aws_ec2_transit_gateway", "values": {"amazon_side_asn": 64544}},
		{"address": "g.r", "type": "google_compute_router", "values": {"bgp": {"asn": 64544}}},
	]}
	deny := asns.deny with input as plan
	undecided := asns.undecided with input as plan
	{d.msg | some d in deny} == {"shares 64544 with g.r"}
	count(undecided) == 0
}

test_of_somebody_else if {
	plan := {"resources": [
		{"address": "a.t", "type": "aws_ec2_transit_gateway", "values": {"amazon_side_asn": 15169}},
	]}
	deny := asns.deny with input as plan
	undecided := asns.undecided with input as plan
	{d.msg | some d in deny} == {"uses 15169, which belongs to somebody"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.t", "type": "aws_ec2_transit_gateway", "values": {}},
		{"address": "g.r", "type": "google_compute_router", "values": {"bgp": null}},
	]}
	deny := asns.deny with input as plan
	undecided := asns.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
