package meshproof.terraform.stream_test

import data.meshproof.terraform.stream

test_safe if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {"server_properties": "default.replication.factor = 3\nmin.insync.replicas = 2\nunclean.leader.election.enable = false\n"}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_one_broker_loses_it if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {"server_properties": "default.replication.factor = 3\nmin.insync.replicas = 1\nunclean.leader.election.enable = false\n"}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == {"min.insync.replicas is below two"}
	count(undecided) == 0
}

test_one_broker_stops_it if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {"server_properties": "default.replication.factor = 3\nmin.insync.replicas = 3\nunclean.leader.election.enable = false\n"}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == {"min.insync.replicas equals the replication factor"}
	count(undecided) == 0
}

test_unclean if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {"server_properties": "default.replication.factor = 3\nmin.insync.replicas = 2\nunclean.leader.election.enable = true\n"}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == {"elects unclean leaders"}
	count(undecided) == 0
}

test_default if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {"server_properties": "default.replication.factor = 3\nmin.insync.replicas = 2\n"}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == {"unclean.leader.election.enable is left to the default"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_msk_configuration", "values": {}},
	]}
	deny := stream.deny with input as plan
	undecided := stream.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
