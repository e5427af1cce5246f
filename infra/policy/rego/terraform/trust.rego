# METADATA
# title: Only a named subject may take a role
# description: >-
#   A trust policy without a named principal, or a federated one without a condition on the subject, lets anybody of
#   the other side become the role.
# related_resources:
# - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
# custom:
#   id: TF-003
#   severity: critical
package meshproof.terraform.trust

import data.meshproof.lib.terraform

roles := terraform.resources({"aws_iam_role"})

array(x) := x if is_array(x)

array(x) := [x] if not is_array(x)

statements(role) := [s | some s in array(json.unmarshal(role.values.assume_role_policy).Statement); s.Effect == "Allow"]

anybody(statement) if statement.Principal == "*"

anybody(statement) if {
	some principals in statement.Principal
	"*" in array(principals)
}

# The subject is bound when a condition compares it to something that is not just a wildcard.
subject_bound(statement) if {
	some operator, comparison in statement.Condition
	startswith(operator, "String")
	some name, values in comparison
	endswith(name, ":sub")
	every value in array(values) {
		not value in {"*", "repo:*"}
	}
}

deny contains terraform.finding("TF-003", role, "anybody may take it") if {
	some role in roles
	some statement in statements(role)
	anybody(statement)
}

deny contains terraform.finding("TF-003", role, "any subject of its identity provider may take it") if {
	some role in roles
	some statement in statements(role)
	statement.Principal.Federated
	not subject_bound(statement)
}

undecided contains terraform.finding("TF-003", role, "its trust policy is known only after apply") if {
	some role in roles
	terraform.unknown(role, "assume_role_policy")
}
