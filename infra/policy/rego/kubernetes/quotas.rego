# METADATA
# title: The peak fits into the quota
# description: >-
#   An autoscaler that may ask for more than its namespace may have stops short of the peak it was declared for, in
#   the middle of the peak.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/policy/resource-quotas/
# custom:
#   id: K8S-011
#   severity: high
package meshproof.kubernetes.quotas

import data.meshproof.lib.kubernetes

replicas(o) := hpa.spec.maxReplicas if {
	some hpa in kubernetes.objects({"HorizontalPodAutoscaler"})
	kubernetes.namespace(hpa) == kubernetes.namespace(o)
	hpa.spec.scaleTargetRef.name == o.metadata.name
}

else := object.get(o.spec, "replicas", 1)

sidecar(template, resource) := object.get(object.get(template.metadata, "annotations", {}), annotations[resource], "0")

annotations := {"cpu": "sidecar.istio.io/proxyCPU", "memory": "sidecar.istio.io/proxyMemory"}

parse("cpu", quantity) := units.parse(sprintf("%v", [quantity]))

parse("memory", quantity) := units.parse_bytes(sprintf("%v", [quantity]))

peak(namespace, resource) := sum([asked |
	some template in kubernetes.templates
	kubernetes.namespace(template.object) == namespace
	template.object.kind in {"Deployment", "Rollout", "StatefulSet"}
	asked := replicas(template.object) * pod(template, resource)
])

pod(template, resource) := containers + parse(resource, sidecar(template, resource)) if {
	containers := sum([request |
		some container in template.spec.containers
		request := parse(resource, container.resources.requests[resource])
	])
}

# A container whose request is not stated, or not yet known, makes the sum too small.
unstated(namespace) if {
	some template in kubernetes.templates
	kubernetes.namespace(template.object) == namespace
	some container in template.spec.containers
	some resource in {"cpu", "memory"}
	not container.resources.requests[resource]
}

deny contains kubernetes.finding("K8S-011", quota, sprintf("its namespace may ask for %v of %s, above %v", [asked, resource, hard])) if {
	some quota in kubernetes.objects({"ResourceQuota"})
	some resource in {"cpu", "memory"}
	hard := quota.spec.hard[sprintf("requests.%s", [resource])]
	asked := peak(kubernetes.namespace(quota), resource)
	asked > parse(resource, hard)
}

undecided contains kubernetes.finding("K8S-011", quota, "not every container of its namespace says what it asks for") if {
	some quota in kubernetes.objects({"ResourceQuota"})
	unstated(kubernetes.namespace(quota))
}
