# METADATA
# title: Every workload is somebody
# description: >-
#   Authorization in the mesh and in the cloud is by service account: each workload has one of its own, and it is
#   declared.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/service-accounts/
# custom:
#   id: K8S-005
#   severity: high
package meshproof.kubernetes.identities

import data.meshproof.lib.kubernetes

account(template) := object.get(template.spec, "serviceAccountName", "default")

deny contains kubernetes.finding("K8S-005", template.object, "runs as the default account") if {
	some template in kubernetes.templates
	account(template) == "default"
}

deny contains kubernetes.finding("K8S-005", template.object, sprintf("runs as %s, which is not declared", [account(template)])) if {
	some template in kubernetes.templates
	account(template) != "default"
	not kubernetes.exists("ServiceAccount", kubernetes.namespace(template.object), account(template))
	not kubernetes.namespace(template.object) in kubernetes.released
}

deny contains kubernetes.finding("K8S-005", one.object, sprintf("shares its account with %s", [kubernetes.address(other.object)])) if {
	some one in kubernetes.templates
	some other in kubernetes.templates
	kubernetes.address(one.object) < kubernetes.address(other.object)
	kubernetes.namespace(one.object) == kubernetes.namespace(other.object)
	account(one) == account(other)
	account(one) != "default"
}

undecided contains kubernetes.finding("K8S-005", template.object, "its account may come from a Helm release") if {
	some template in kubernetes.templates
	account(template) != "default"
	not kubernetes.exists("ServiceAccount", kubernetes.namespace(template.object), account(template))
	kubernetes.namespace(template.object) in kubernetes.released
}
