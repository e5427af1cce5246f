# METADATA
# title: No policy grants everything
# description: >-
#   A statement that allows every action of a service on every resource is the administrator of that service,
#   whoever the role was meant for.
# related_resources:
# - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
# custom:
#   id: TF-004
#   severity: high
package meshproof.terraform.grants

import data.meshproof.lib.terraform

policies := terraform.resources({"aws_iam_policy", "aws_iam_role_policy"})

array(x) := x if is_array(x)

array(x) := [x] if not is_array(x)

sweeping(statement) if {
	statement.Effect == "Allow"
	"*" in array(statement.Resource)
	some action in array(statement.Action)
	regex.match(`^(\*|[a-z0-9-]+:\*)$`, action)
	not statement.Condition
}

sweeping(statement) if {
	statement.Effect == "Allow"
	statement.NotAction
}

deny contains terraform.finding("TF-004", policy, "allows every action on every resource") if {
	some policy in policies
	some statement in array(json.unmarshal(policy.values.policy).Statement)
	sweeping(statement)
}

undecided contains terraform.finding("TF-004", policy, "its text is known only after apply") if {
	some policy in policies
	terraform.unknown(policy, "policy")
}
