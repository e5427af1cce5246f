package meshproof.terraform.rotation_test

import data.meshproof.terraform.rotation

test_rotated if {
	plan := {"resources": [
		{"address": "module.secrets.aws_secretsmanager_secret.main[\"orders\"]", "type": "aws_secretsmanager_secret", "values": {"tags": null}},
		{"address": "module.secrets.aws_secretsmanager_secret_rotation.main[\"orders\"]", "type": "aws_secretsmanager_secret_rotation", "values": {"rotation_rules": [{"automatically_after_days": 30}]}},
		{"address": "module.secrets.aws_secretsmanager_secret.facts", "type": "aws_secretsmanager_secret", "values": {"tags": {"rotation": "none"}}},
	]}
	deny := rotation.deny with input as plan
	undecided := rotation.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_forgotten if {
	plan := {"resources": [
		{"address": "module.secrets.aws_secretsmanager_secret.main[\"orders\"]", "type": "aws_secretsmanager_secret", "values": {"tags": null}},
		{"address": "module.secrets.aws_secretsmanager_secret_rotation.main[\"payments\"]", "type": "aws_secretsmanager_secret_rotation", "values": {"rotation_rules": []}},
		{"address": "module.other.aws_secretsmanager_secret_rotation.main[\"orders\"]", "type": "aws_secretsmanager_secret_rotation", "values": {"rotation_rules": null}},
	]}
	deny := rotation.deny with input as plan
	undecided := rotation.undecided with input as plan
	{d.msg | some d in deny} == {"has neither a rotation nor the tag that says why not"}
	count(undecided) == 0
}

test_rare if {
	plan := {"resources": [
		{"address": "module.secrets.aws_secretsmanager_secret_rotation.main[\"a\"]", "type": "aws_secretsmanager_secret_rotation", "values": {"rotation_rules": {"automatically_after_days": 90}}},
	]}
	deny := rotation.deny with input as plan
	undecided := rotation.undecided with input as plan
	{d.msg | some d in deny} == {"rotates every 90 days"}
	count(undecided) == 0
}

test_unknown if {
	plan := {"resources": [
		{"address": "module.secrets.aws_secretsmanager_secret_rotation.main[\"a\"]", "type": "aws_secretsmanager_secret_rotation", "values": {}},
	]}
	deny := rotation.deny with input as plan
	undecided := rotation.undecided with input as plan
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
