# METADATA
# title: A service has somewhere to send
# description: >-
#   A selector that matches no pod, or a named port that no container has, is a service without endpoints:
#   everything is healthy and nothing answers.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/services-networking/service/
# custom:
#   id: K8S-003
#   severity: high
package meshproof.kubernetes.services

import data.meshproof.lib.kubernetes

services := [o | some o in kubernetes.objects({"Service"}); count(object.get(o.spec, "selector", {})) > 0]

selected(service) := [template |
	some template in kubernetes.templates
	kubernetes.namespace(template.object) == kubernetes.namespace(service)
	kubernetes.selects({"matchLabels": service.spec.selector}, kubernetes.pod_labels(template))
]

# Prometheus and Alertmanager are made into pods by their operator.
operated(service) if {
	some o in kubernetes.objects({"Alertmanager", "Prometheus"})
	kubernetes.namespace(o) == kubernetes.namespace(service)
	some value in service.spec.selector
	value in {o.metadata.name, lower(o.kind)}
}

named_ports(template) := {port.name |
	some container in array.concat(template.spec.containers, object.get(template.spec, "initContainers", []))
	some port in container.ports
}

deny contains kubernetes.finding("K8S-003", service, "selects no declared pod") if {
	some service in services
	count(selected(service)) == 0
	not kubernetes.namespace(service) in kubernetes.released
	not operated(service)
}

deny contains kubernetes.finding("K8S-003", service, sprintf("sends to port %s, which %s does not have", [port.targetPort, template.object.metadata.name])) if {
	some service in services
	some template in selected(service)
	some port in service.spec.ports
	is_string(port.targetPort)
	not port.targetPort in named_ports(template)
}

undecided contains kubernetes.finding("K8S-003", service, "its pods may come from a Helm release") if {
	some service in services
	count(selected(service)) == 0
	kubernetes.namespace(service) in kubernetes.released
	not operated(service)
}
