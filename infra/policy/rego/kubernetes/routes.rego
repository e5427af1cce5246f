# METADATA
# title: A route leads to a service
# description: >-
#   A destination that does not exist answers 503 for its share of the traffic; one without outlier detection keeps
#   its broken pods, and locality failover does nothing without it.
# related_resources:
# - ref: https://istio.io/latest/docs/concepts/traffic-management/
# custom:
#   id: K8S-006
#   severity: high
package meshproof.kubernetes.routes

import data.meshproof.lib.kubernetes

destinations contains {"route": route, "host": destination.host} if {
	some route in kubernetes.objects({"VirtualService"})
	some protocol in {"http", "tcp", "tls"}
	some entry in route.spec[protocol]
	some destination in [target.destination | some target in entry.route]
}

# A short name is of the route's own namespace.
service(route, host) := {"name": host, "namespace": kubernetes.namespace(route)} if not contains(host, ".")

service(_, host) := {"name": parts[0], "namespace": parts[1]} if {
	regex.match(`^[a-z0-9-]+\.[a-z0-9-]+(\.svc(\.cluster\.local)?)?$`, host)
	parts := split(host, ".")
}

external(host) if {
	some entry in kubernetes.objects({"ServiceEntry"})
	host in entry.spec.hosts
}

known(route, host) if {
	s := service(route, host)
	kubernetes.exists("Service", s.namespace, s.name)
}

known(_, host) if external(host)

guarded(route, host) if {
	some rule in kubernetes.objects({"DestinationRule"})
	rule.spec.trafficPolicy.outlierDetection
	same(rule, rule.spec.host, route, host)
}

same(_, host, _, host)

same(rule, one, route, other) if service(rule, one) == service(route, other)

deny contains kubernetes.finding("K8S-006", d.route, sprintf("sends to %s, which is not declared", [d.host])) if {
	some d in destinations
	not kubernetes.unresolved(d.host)
	not known(d.route, d.host)
}

deny contains kubernetes.finding("K8S-006", d.route, sprintf("sends to %s, which nothing ejects broken pods from", [d.host])) if {
	some d in destinations
	not kubernetes.unresolved(d.host)
	known(d.route, d.host)
	not guarded(d.route, d.host)
}

undecided contains kubernetes.finding("K8S-006", d.route, sprintf("sends to %s, a fact that is not known yet", [d.host])) if {
	some d in destinations
	kubernetes.unresolved(d.host)
}
