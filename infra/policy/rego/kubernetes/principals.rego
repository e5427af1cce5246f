# METADATA
# title: Who is allowed exists
# description: >-
#   An authorization policy that names an identity nobody has admits nobody today, and whoever creates that account
#   tomorrow. One that selects no pod protects nothing.
# related_resources:
# - ref: https://istio.io/latest/docs/concepts/security/#authorization
# custom:
#   id: K8S-007
#   severity: high
package meshproof.kubernetes.principals

import data.meshproof.lib.kubernetes

policies := kubernetes.objects({"AuthorizationPolicy"})

principals contains {"policy": policy, "principal": principal} if {
	some policy in policies
	some rule in policy.spec.rules
	some from in rule.from
	some principal in from.source.principals
}

identity(principal) := {"namespace": m[1], "name": m[2]} if {
	m := regex.find_all_string_submatch_n(`^[^/]+/ns/([^/]+)/sa/([^/]+)$`, principal, 1)[0]
}

exists(principal) if {
	id := identity(principal)
	kubernetes.exists("ServiceAccount", id.namespace, id.name)
}

may_be_released(principal) if identity(principal).namespace in kubernetes.released

pattern(principal) if contains(principal, "*")

deny contains kubernetes.finding("K8S-007", p.policy, sprintf("allows %s, whom nobody declares", [p.principal])) if {
	some p in principals
	not pattern(p.principal)
	not exists(p.principal)
	not may_be_released(p.principal)
}

selected(policy) if {
	some template in kubernetes.templates
	kubernetes.namespace(template.object) == kubernetes.namespace(policy)
	kubernetes.selects(policy.spec.selector, kubernetes.pod_labels(template))
}

deny contains kubernetes.finding("K8S-007", policy, "selects no declared pod") if {
	some policy in policies
	policy.spec.selector
	not kubernetes.namespace(policy) in kubernetes.released
	not selected(policy)
}

undecided contains kubernetes.finding("K8S-007", p.policy, sprintf("allows %s, which a Helm release may bring", [p.principal])) if {
	some p in principals
	not exists(p.principal)
	may_be_released(p.principal)
}

undecided contains kubernetes.finding("K8S-007", policy, "its pods may come from a Helm release") if {
	some policy in policies
	policy.spec.selector
	kubernetes.namespace(policy) in kubernetes.released
	not selected(policy)
}
