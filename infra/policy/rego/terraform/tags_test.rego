package meshproof.terraform.tags_test

import data.meshproof.terraform.tags

test_complete if {
	plan := {"resources": [
		{"address": "aws_vpc.main", "type": "aws_vpc", "values": {"tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
		{"address": "google_sql_database_instance.main", "type": "google_sql_database_instance", "values": {"effective_labels": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": "primary", "owner": "platform"}}},
	]}
	deny := tags.deny with input as plan
	undecided := tags.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_missing if {
	plan := {"resources": [
		{"address": "aws_vpc.main", "type": "aws_vpc", "values": {"tags_all": {"cost-centre": "a", "data-classification": "confidential", "environment": "prod", "location": ""}}},
	]}
	deny := tags.deny with input as plan
	undecided := tags.undecided with input as plan
	{d.msg | some d in deny} == {"tags are missing: location, owner"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "aws_vpc.main", "type": "aws_vpc", "values": {"tags": null}},
	]}
	deny := tags.deny with input as plan
	undecided := tags.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}

test_untaggable_is_none_of_ours if {
	plan := {"resources": [
		{"address": "aws_route.main", "type": "aws_route", "values": {}},
	]}
	deny := tags.deny with input as plan
	undecided := tags.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}
