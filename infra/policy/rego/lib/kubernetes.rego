# METADATA
# title: How rules look at manifests
# description: >-
#   The input is {"objects": [...]}: every rendered object of one cluster. What a Helm release of a third party will
#   bring is not among them, so a reference into a namespace that such a release writes to is undecided, and so is a
#   value that still holds a ${fact}.
package meshproof.lib.kubernetes

objects(kinds) := [o | some o in input.objects; o.kind in kinds]

namespace(o) := object.get(o.metadata, "namespace", "")

address(o) := sprintf("%s/%s/%s", [o.kind, namespace(o), o.metadata.name]) if namespace(o) != ""

address(o) := sprintf("%s/%s", [o.kind, o.metadata.name]) if namespace(o) == ""

finding(id, o, msg) := {"id": id, "address": address(o), "msg": msg}

# The template of whatever makes pods, wherever the kind keeps it.
templates contains {"object": o, "metadata": object.get(t, "metadata", {}), "spec": t.spec} if {
	some o in objects({"DaemonSet", "Deployment", "Job", "Rollout", "StatefulSet"})
	t := o.spec.template
}

templates contains {"object": o, "metadata": object.get(t, "metadata", {}), "spec": t.spec} if {
	some o in objects({"CronJob"})
	t := o.spec.jobTemplate.spec.template
}

pod_labels(template) := object.get(template.metadata, "labels", {})

# Whether a label selector selects; an empty one selects everything of its namespace.
selects(selector, labels) if {
	every name, value in object.get(selector, "matchLabels", {}) {
		labels[name] == value
	}
	every expression in object.get(selector, "matchExpressions", []) {
		satisfies(expression, labels)
	}
}

satisfies(e, labels) if {
	e.operator == "In"
	labels[e.key] in e.values
}

satisfies(e, labels) if {
	e.operator == "NotIn"
	not object.get(labels, e.key, null) in e.values
}

satisfies(e, labels) if {
	e.operator == "Exists"
	e.key in object.keys(labels)
}

satisfies(e, labels) if {
	e.operator == "DoesNotExist"
	not e.key in object.keys(labels)
}

# Namespaces into which a Helm release of a third party writes objects that are not in the input.
released contains object.get(release.spec, "targetNamespace", namespace(release)) if {
	some release in objects({"HelmRelease"})
}

unresolved(text) if contains(text, "${")

exists(kind, ns, name) if {
	some o in objects({kind})
	o.metadata.name == name
	namespace(o) == ns
}
