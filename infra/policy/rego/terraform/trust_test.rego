package meshproof.terraform.trust_test

import data.meshproof.terraform.trust

test_named if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"pods.eks.amazonaws.com\"}, \"Action\": [\"sts:AssumeRole\"]}, {\"Effect\": \"Allow\", \"Principal\": {\"Federated\": \"arn:x\"}, \"Action\": \"sts:AssumeRoleWithWebIdentity\", \"Condition\": {\"StringEquals\": {\"token.actions.githubusercontent.com:sub\": \"repo:meshproof/meshproof:ref:refs/heads/main\"}}}]}"}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_single_statement if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Statement\": {\"Effect\": \"Allow\", \"Principal\": {\"Service\": \"x\"}}}"}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_anybody if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": \"*\", \"Action\": \"sts:AssumeRole\"}]}"}},
		{"address": "aws_iam_role.b", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"AWS\": [\"*\"]}, \"Action\": \"sts:AssumeRole\"}]}"}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == {"anybody may take it"}
	count(undecided) == 0
}

test_any_subject if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Federated\": \"arn:x\"}}]}"}},
		{"address": "aws_iam_role.b", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Principal\": {\"Federated\": \"arn:x\"}, \"Condition\": {\"StringLike\": {\"x:sub\": [\"repo:*\"]}}}]}"}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == {"any subject of its identity provider may take it"}
	count(undecided) == 0
}

test_denials_are_no_grants if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {"assume_role_policy": "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Deny\", \"Principal\": \"*\"}]}"}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "aws_iam_role.a", "type": "aws_iam_role", "values": {}},
	]}
	deny := trust.deny with input as plan
	undecided := trust.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
