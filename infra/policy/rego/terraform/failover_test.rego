package meshproof.terraform.failover_test

import data.meshproof.terraform.failover

test_paired if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "PRIMARY"}]}},
		{"address": "r.x.s", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "SECONDARY"}]}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unchecked if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "PRIMARY"}], "health_check_id": null}},
		{"address": "r.x.s", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "SECONDARY"}]}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == {"has no health check"}
	count(undecided) == 0
}

test_alone if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "PRIMARY"}]}},
		{"address": "r.x.s", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "AAAA", "ttl": 60, "failover_routing_policy": [{"type": "SECONDARY"}]}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == {"has no primary of its name and type", "has no secondary of its name and type"}
	count(undecided) == 0
}

test_slow if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 300, "failover_routing_policy": [{"type": "PRIMARY"}]}},
		{"address": "r.x.s", "type": "aws_route53_record", "values": {"name": "shop.example", "type": "A", "ttl": 60, "failover_routing_policy": [{"type": "SECONDARY"}]}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == {"lives 300 s"}
	count(undecided) == 0
}

test_plain_record if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"name": "a", "type": "A", "ttl": 3600, "failover_routing_policy": []}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "r.x.p", "type": "aws_route53_record", "values": {"type": "A", "health_check_id": "h", "failover_routing_policy": [{"type": "PRIMARY"}]}},
	]}
	deny := failover.deny with input as plan
	undecided := failover.undecided with input as plan
	{d.msg | some d in deny} == {"has no secondary of its name and type"}
	count(undecided) == 1
}
