# METADATA
# title: What runs more than once survives a drain
# description: >-
#   Each workload with several replicas has exactly one disruption budget that selects its pods: none lets a drain
#   take all of them, two make every eviction fail.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
# custom:
#   id: K8S-002
#   severity: high
package meshproof.kubernetes.budgets

import data.meshproof.lib.kubernetes

# An autoscaled workload leaves its replicas out.
several(o) if object.get(o.spec, "replicas", 0) > 1

several(o) if {
	some hpa in kubernetes.objects({"HorizontalPodAutoscaler"})
	kubernetes.namespace(hpa) == kubernetes.namespace(o)
	hpa.spec.scaleTargetRef.kind == o.kind
	hpa.spec.scaleTargetRef.name == o.metadata.name
}

workloads contains template if {
	some template in kubernetes.templates
	template.object.kind in {"Deployment", "Rollout", "StatefulSet"}
	several(template.object)
}

budgets_of(template) := [budget |
	some budget in kubernetes.objects({"PodDisruptionBudget"})
	kubernetes.namespace(budget) == kubernetes.namespace(template.object)
	kubernetes.selects(budget.spec.selector, kubernetes.pod_labels(template))
]

deny contains kubernetes.finding("K8S-002", template.object, sprintf("has %d disruption budgets", [n])) if {
	some template in workloads
	n := count(budgets_of(template))
	n != 1
}

deny contains kubernetes.finding("K8S-002", budget, "selects no declared pod") if {
	some budget in kubernetes.objects({"PodDisruptionBudget"})
	not kubernetes.namespace(budget) in kubernetes.released
	not used(budget)
}

used(budget) if {
	some template in kubernetes.templates
	kubernetes.namespace(template.object) == kubernetes.namespace(budget)
	kubernetes.selects(budget.spec.selector, kubernetes.pod_labels(template))
}

undecided contains kubernetes.finding("K8S-002", budget, "its pods may come from a Helm release") if {
	some budget in kubernetes.objects({"PodDisruptionBudget"})
	kubernetes.namespace(budget) in kubernetes.released
	not used(budget)
}
