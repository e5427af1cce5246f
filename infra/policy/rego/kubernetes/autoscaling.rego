# METADATA
# title: An autoscaler scales something
# description: >-
#   A HorizontalPodAutoscaler whose target was renamed stays silent, and the workload at its last size. Its bounds
#   leave room in both directions.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
# custom:
#   id: K8S-001
#   severity: high
package meshproof.kubernetes.autoscaling

import data.meshproof.lib.kubernetes

autoscalers := kubernetes.objects({"HorizontalPodAutoscaler"})

target_exists(hpa) if {
	ref := hpa.spec.scaleTargetRef
	kubernetes.exists(ref.kind, kubernetes.namespace(hpa), ref.name)
}

deny contains kubernetes.finding("K8S-001", hpa, sprintf("scales %s %s, which is not declared", [ref.kind, ref.name])) if {
	some hpa in autoscalers
	ref := hpa.spec.scaleTargetRef
	not target_exists(hpa)
	not kubernetes.namespace(hpa) in kubernetes.released
}

deny contains kubernetes.finding("K8S-001", hpa, "can not scale: its bounds are the same") if {
	some hpa in autoscalers
	hpa.spec.minReplicas >= hpa.spec.maxReplicas
}

deny contains kubernetes.finding("K8S-001", hpa, "does not state its minimum") if {
	some hpa in autoscalers
	not hpa.spec.minReplicas
}

undecided contains kubernetes.finding("K8S-001", hpa, "its target may come from a Helm release") if {
	some hpa in autoscalers
	not target_exists(hpa)
	kubernetes.namespace(hpa) in kubernetes.released
}
