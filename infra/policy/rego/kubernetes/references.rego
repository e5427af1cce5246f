# METADATA
# title: What a pod mounts is declared
# description: >-
#   A pod that mounts a ConfigMap or a Secret nobody makes never starts, and it is noticed on the first node that is
#   lost.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/configuration/
# custom:
#   id: K8S-009
#   severity: high
package meshproof.kubernetes.references

import data.meshproof.lib.kubernetes

mounts contains {"template": template, "kind": "ConfigMap", "name": volume.configMap.name} if {
	some template in kubernetes.templates
	some volume in template.spec.volumes
	not volume.configMap.optional
}

mounts contains {"template": template, "kind": "Secret", "name": volume.secret.secretName} if {
	some template in kubernetes.templates
	some volume in template.spec.volumes
	not volume.secret.optional
}

mounts contains {"template": template, "kind": "ConfigMap", "name": source.configMapRef.name} if {
	some template in kubernetes.templates
	some container in template.spec.containers
	some source in container.envFrom
}

mounts contains {"template": template, "kind": "Secret", "name": env.valueFrom.secretKeyRef.name} if {
	some template in kubernetes.templates
	some container in template.spec.containers
	some env in container.env
}

made(m) if kubernetes.exists(m.kind, kubernetes.namespace(m.template.object), m.name)

made(m) if {
	m.kind == "Secret"
	some o in kubernetes.objects({"ExternalSecret"})
	kubernetes.namespace(o) == kubernetes.namespace(m.template.object)
	object.get(o.spec, ["target", "name"], o.metadata.name) == m.name
}

made(m) if {
	m.kind == "Secret"
	some o in kubernetes.objects({"Certificate"})
	kubernetes.namespace(o) == kubernetes.namespace(m.template.object)
	o.spec.secretName == m.name
}

# What the mesh puts into every namespace.
made(m) if m.name == "istio-ca-root-cert"

deny contains kubernetes.finding("K8S-009", m.template.object, sprintf("mounts the %s %s, which nothing makes", [m.kind, m.name])) if {
	some m in mounts
	not made(m)
	not kubernetes.namespace(m.template.object) in kubernetes.released
}

undecided contains kubernetes.finding("K8S-009", m.template.object, sprintf("the %s %s may come from a Helm release", [m.kind, m.name])) if {
	some m in mounts
	not made(m)
	kubernetes.namespace(m.template.object) in kubernetes.released
}
