# METADATA
# title: Every namespace starts from silence
# description: >-
#   In a namespace without a policy that denies both directions for all pods, a pod that no other policy selects may
#   talk to anybody.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
# custom:
#   id: K8S-004
#   severity: high
package meshproof.kubernetes.isolation

import data.meshproof.lib.kubernetes

denies_all(policy) if {
	object.get(policy.spec, "podSelector", {}) == {}
	{"Egress", "Ingress"} == {t | some t in policy.spec.policyTypes}
	count(object.get(policy.spec, "ingress", [])) == 0
	count(object.get(policy.spec, "egress", [])) == 0
}

closed(name) if {
	some policy in kubernetes.objects({"NetworkPolicy"})
	kubernetes.namespace(policy) == name
	denies_all(policy)
}

deny contains kubernetes.finding("K8S-004", namespace, "has no policy that denies everything by default") if {
	some namespace in kubernetes.objects({"Namespace"})
	not closed(namespace.metadata.name)
}

# A peer without any selector is the whole cluster, and an empty rule the whole world.
deny contains kubernetes.finding("K8S-004", policy, sprintf("%s admits everybody", [direction])) if {
	some policy in kubernetes.objects({"NetworkPolicy"})
	some direction in {"egress", "ingress"}
	some rule in policy.spec[direction]
	rule == {}
}

undecided contains kubernetes.finding("K8S-004", policy, "selects by a fact that is not known yet") if {
	some policy in kubernetes.objects({"NetworkPolicy"})
	some value in object.get(policy.spec.podSelector, "matchLabels", {})
	kubernetes.unresolved(value)
}
