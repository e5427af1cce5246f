package meshproof.terraform.replicas_test

import data.meshproof.terraform.replicas

test_replicated if {
	plan := {"resources": [
		{"address": "module.k.aws_kms_key.main[\"database\"]", "type": "aws_kms_key", "values": {"multi_region": true, "deletion_window_in_days": 30, "tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
		{"address": "module.k.aws_kms_replica_key.peer[\"database\"]", "type": "aws_kms_replica_key", "values": {}},
		{"address": "module.k.aws_kms_key.main[\"logs\"]", "type": "aws_kms_key", "values": {"multi_region": false}},
		{"address": "module.s.aws_kms_key.main", "type": "aws_kms_key", "values": {"multi_region": true}},
		{"address": "module.s.aws_kms_replica_key.main", "type": "aws_kms_replica_key", "values": {}},
	]}
	deny := replicas.deny with input as plan
	undecided := replicas.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_alone if {
	plan := {"resources": [
		{"address": "module.k.aws_kms_key.main[\"database\"]", "type": "aws_kms_key", "values": {"multi_region": true}},
		{"address": "module.k.aws_kms_replica_key.peer[\"table\"]", "type": "aws_kms_replica_key", "values": {}},
	]}
	deny := replicas.deny with input as plan
	undecided := replicas.undecided with input as plan
	{d.msg | some d in deny} == {"is a multi-Region key without a replica"}
	count(undecided) == 0
}

test_short_window if {
	plan := {"resources": [
		{"address": "module.k.aws_kms_key.main[\"logs\"]", "type": "aws_kms_key", "values": {"multi_region": false, "deletion_window_in_days": 7, "tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := replicas.deny with input as plan
	undecided := replicas.undecided with input as plan
	{d.msg | some d in deny} == {"can be gone in less than 30 days"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "module.k.aws_kms_key.main[\"a\"]", "type": "aws_kms_key", "values": {}},
	]}
	deny := replicas.deny with input as plan
	undecided := replicas.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
