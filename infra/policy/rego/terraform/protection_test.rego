package meshproof.terraform.protection_test

import data.meshproof.terraform.protection

test_protected if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_rds_cluster", "values": {"deletion_protection": true, "tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
		{"address": "a.g", "type": "aws_rds_global_cluster", "values": {"deletion_protection": true}},
		{"address": "g.s", "type": "google_sql_database_instance", "values": {"deletion_protection": true, "effective_labels": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := protection.deny with input as plan
	undecided := protection.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_open if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_rds_cluster", "values": {"deletion_protection": false, "tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
		{"address": "a.g", "type": "aws_rds_global_cluster", "values": {"deletion_protection": null}},
		{"address": "a.l", "type": "aws_lb", "values": {"enable_deletion_protection": false, "tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := protection.deny with input as plan
	undecided := protection.undecided with input as plan
	{d.msg | some d in deny} == {"deletion_protection is not true", "enable_deletion_protection is not true"}
	count(undecided) == 0
}

test_open_where_nothing_is_confidential if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_rds_cluster", "values": {"deletion_protection": false, "tags_all": {"cost-centre": "a", "data-classification": "internal", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := protection.deny with input as plan
	undecided := protection.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unlabelled if {
	plan := {"resources": [
		{"address": "g.s", "type": "google_sql_database_instance", "values": {"deletion_protection": false}},
	]}
	deny := protection.deny with input as plan
	undecided := protection.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_rds_cluster", "values": {"tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := protection.deny with input as plan
	undecided := protection.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
