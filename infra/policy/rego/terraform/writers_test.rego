package meshproof.terraform.writers_test

import data.meshproof.terraform.writers

test_two if {
	plan := {"resources": [
		{"address": "d.aws_rds_cluster.primary", "type": "aws_rds_cluster", "values": {"cluster_identifier": "a", "replication_source_identifier": null}},
		{"address": "d.i[\"a\"]", "type": "aws_rds_cluster_instance", "values": {"cluster_identifier": "a", "promotion_tier": 0}},
		{"address": "d.i[\"b\"]", "type": "aws_rds_cluster_instance", "values": {"cluster_identifier": "a", "promotion_tier": 1}},
		{"address": "d.aws_rds_cluster.peer", "type": "aws_rds_cluster", "values": {"cluster_identifier": "p"}},
		{"address": "d.aws_rds_cluster.copy", "type": "aws_rds_cluster", "values": {"cluster_identifier": "c", "replication_source_identifier": "arn:x"}},
	]}
	deny := writers.deny with input as plan
	undecided := writers.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_one if {
	plan := {"resources": [
		{"address": "d.aws_rds_cluster.primary", "type": "aws_rds_cluster", "values": {"cluster_identifier": "a"}},
		{"address": "d.i[\"a\"]", "type": "aws_rds_cluster_instance", "values": {"cluster_identifier": "a", "promotion_tier": null}},
	]}
	deny := writers.deny with input as plan
	undecided := writers.undecided with input as plan
	{d.msg | some d in deny} == {"has fewer than two instances", "its promotion tier is left to the default"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "d.aws_rds_cluster.primary", "type": "aws_rds_cluster", "values": {"cluster_identifier": "a"}},
		{"address": "d.i[\"a\"]", "type": "aws_rds_cluster_instance", "values": {"promotion_tier": 0}},
	]}
	deny := writers.deny with input as plan
	undecided := writers.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
