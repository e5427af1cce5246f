# METADATA
# title: The order of the layers ends
# description: >-
#   Flux waits for what a layer depends on: a name that does not exist, or a circle, and the cluster is never built
#   again after it was lost.
# related_resources:
# - ref: https://fluxcd.io/flux/components/kustomize/kustomizations/#dependencies
# custom:
#   id: K8S-010
#   severity: critical
package meshproof.kubernetes.layers

import data.meshproof.lib.kubernetes

layers := [o | some o in kubernetes.objects({"Kustomization"}); startswith(o.apiVersion, "kustomize.toolkit.fluxcd.io/")]

names := {o.metadata.name | some o in layers}

edges[name] := {d.name | some d in object.get(o.spec, "dependsOn", [])} if {
	some o in layers
	name := o.metadata.name
}

deny contains kubernetes.finding("K8S-010", o, sprintf("depends on %s, which is not declared", [d.name])) if {
	some o in layers
	some d in o.spec.dependsOn
	not d.name in names
}

deny contains kubernetes.finding("K8S-010", o, "depends on itself by way of others") if {
	some o in layers
	some d in edges[o.metadata.name]
	o.metadata.name in reachable(d)
}

deny contains kubernetes.finding("K8S-010", o, "does not undo drift") if {
	some o in layers
	not o.spec.prune
}

deny contains kubernetes.finding("K8S-010", o, "is suspended") if {
	some o in layers
	o.spec.suspend
}

undecided contains kubernetes.finding("K8S-010", o, "its path is a fact that is not known yet") if {
	some o in layers
	kubernetes.unresolved(o.spec.path)
}

reachable(name) := graph.reachable(edges, {name})
