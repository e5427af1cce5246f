# METADATA
# title: What is secret is rotated
# description: >-
#   Every secret has a rotation of at most 30 days, or an owner outside the platform who sets it, or holds no secret
#   at all: the latter two say so in the tag "rotation".
# related_resources:
# - ref: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html
# custom:
#   id: TF-005
#   severity: high
package meshproof.terraform.rotation

import data.meshproof.lib.terraform

exempt := {"none", "owner"}

rotations := terraform.resources({"aws_secretsmanager_secret_rotation"})

# The id of a secret is known only after apply; what was made for it shares its module and its key.
rotation_of(secret) := rotation if {
	some rotation in rotations
	terraform.module(rotation.address) == terraform.module(secret.address)
	terraform.key(rotation.address) == terraform.key(secret.address)
}

secrets := [secret |
	some secret in terraform.resources({"aws_secretsmanager_secret"})
	not object.get(secret.values, ["tags", "rotation"], "") in exempt
]

deny contains terraform.finding("TF-005", secret, "has neither a rotation nor the tag that says why not") if {
	some secret in secrets
	not rotation_of(secret)
}

deny contains terraform.finding("TF-005", rotation, sprintf("rotates every %d days", [days])) if {
	some rotation in rotations
	some rule in terraform.blocks(rotation, "rotation_rules")
	days := rule.automatically_after_days
	days > 30
}

undecided contains terraform.finding("TF-005", rotation, "its interval is known only after apply") if {
	some rotation in rotations
	terraform.unknown(rotation, "rotation_rules")
}
