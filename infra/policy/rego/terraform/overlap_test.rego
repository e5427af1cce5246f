package meshproof.terraform.overlap_test

import data.meshproof.terraform.overlap

test_apart if {
	plan := {"resources": [
		{"address": "aws_vpc.a", "type": "aws_vpc", "values": {"cidr_block": "10.32.0.0/16"}},
		{"address": "google_compute_subnetwork.a", "type": "google_compute_subnetwork", "values": {"ip_cidr_range": "10.34.0.0/20", "secondary_ip_range": [{"range_name": "pods", "ip_cidr_range": "10.36.0.0/14"}, {"range_name": "services", "ip_cidr_range": "10.35.0.0/20"}]}},
	]}
	deny := overlap.deny with input as plan
	undecided := overlap.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_overlapping if {
	plan := {"resources": [
		{"address": "aws_vpc.a", "type": "aws_vpc", "values": {"cidr_block": "10.32.0.0/16"}},
		{"address": "google_compute_subnetwork.a", "type": "google_compute_subnetwork", "values": {"ip_cidr_range": "10.34.0.0/20", "secondary_ip_range": {"range_name": "pods", "ip_cidr_range": "10.32.0.0/14"}}},
	]}
	deny := overlap.deny with input as plan
	undecided := overlap.undecided with input as plan
	{d.msg | some d in deny} == {"10.32.0.0/16 overlaps 10.32.0.0/14 of google_compute_subnetwork.a/pods", "10.34.0.0/20 overlaps 10.32.0.0/14 of google_compute_subnetwork.a/pods"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "aws_vpc.a", "type": "aws_vpc", "values": {}},
		{"address": "google_compute_subnetwork.a", "type": "google_compute_subnetwork", "values": {"secondary_ip_range": null}},
	]}
	deny := overlap.deny with input as plan
	undecided := overlap.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 2
}
