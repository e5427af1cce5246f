# METADATA
# title: Every namespace is declared
# description: >-
#   An object in a namespace that nobody declares has no policy, no quota and no pod security around it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
# custom:
#   id: K8S-012
#   severity: medium
package meshproof.kubernetes.namespaces

import data.meshproof.lib.kubernetes

# Made by the cluster, or by the bootstrap of Flux.
given := {"default", "flux-system", "kube-node-lease", "kube-public", "kube-system"}

declared := {o.metadata.name | some o in kubernetes.objects({"Namespace"})}

deny contains kubernetes.finding("K8S-012", o, sprintf("is in %s, which is not declared", [kubernetes.namespace(o)])) if {
	some o in input.objects
	not kubernetes.namespace(o) in {"", null}
	not kubernetes.namespace(o) in given
	not kubernetes.namespace(o) in declared
	not kubernetes.unresolved(kubernetes.namespace(o))
}

undecided contains kubernetes.finding("K8S-012", o, "its namespace is a fact that is not known yet") if {
	some o in input.objects
	kubernetes.unresolved(kubernetes.namespace(o))
}
