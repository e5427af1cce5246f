package meshproof.terraform.ingress_test

import data.meshproof.terraform.ingress

test_private_and_named if {
	plan := {"resources": [
		{"address": "a.x.a", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv4": "10.33.0.0/16", "cidr_ipv6": null}},
		{"address": "a.x.b", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv4": null, "cidr_ipv6": null, "referenced_security_group_id": "sg-1"}},
		{"address": "aws_security_group.a", "type": "aws_security_group", "values": {"ingress": []}},
	]}
	deny := ingress.deny with input as plan
	undecided := ingress.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_public if {
	plan := {"resources": [
		{"address": "a.x.a", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv4": "0.0.0.0/0"}},
		{"address": "a.x.b", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv6": "::/0"}},
	]}
	deny := ingress.deny with input as plan
	undecided := ingress.undecided with input as plan
	{d.msg | some d in deny} == {"admits 0.0.0.0/0, which is not private", "admits ::/0, which is not private"}
	count(undecided) == 2
}

test_inline if {
	plan := {"resources": [
		{"address": "aws_security_group.a", "type": "aws_security_group", "values": {"ingress": [{"from_port": 443}]}},
	]}
	deny := ingress.deny with input as plan
	undecided := ingress.undecided with input as plan
	{d.msg | some d in deny} == {"states rules inline"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.x.a", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv6": null}},
	]}
	deny := ingress.deny with input as plan
	undecided := ingress.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}

test_unknown_but_named if {
	plan := {"resources": [
		{"address": "a.x.a", "type": "aws_vpc_security_group_ingress_rule", "values": {"cidr_ipv6": null, "prefix_list_id": "pl-1"}},
	]}
	deny := ingress.deny with input as plan
	undecided := ingress.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}
