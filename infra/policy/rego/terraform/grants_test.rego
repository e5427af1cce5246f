package meshproof.terraform.grants_test

import data.meshproof.terraform.grants

test_narrow if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_iam_policy", "values": {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:GetObject\"], \"Resource\": \"*\"}, {\"Effect\": \"Allow\", \"Action\": \"kms:*\", \"Resource\": \"*\", \"Condition\": {\"StringEquals\": {\"kms:ViaService\": \"s3\"}}}, {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"*\"}]}"}},
	]}
	deny := grants.deny with input as plan
	undecided := grants.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_sweeping if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_iam_policy", "values": {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"}},
		{"address": "a.c", "type": "aws_iam_role_policy", "values": {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": [\"s3:*\"], \"Resource\": [\"*\"]}]}"}},
		{"address": "a.d", "type": "aws_iam_policy", "values": {"policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"NotAction\": \"iam:*\", \"Resource\": \"*\"}]}"}},
	]}
	deny := grants.deny with input as plan
	undecided := grants.undecided with input as plan
	{d.msg | some d in deny} == {"allows every action on every resource"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "a.b", "type": "aws_iam_policy", "values": {}},
	]}
	deny := grants.deny with input as plan
	undecided := grants.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
