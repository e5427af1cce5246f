package meshproof.kubernetes.autoscaling_test

import data.meshproof.kubernetes.autoscaling

test_bound if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "orders"}, "maxReplicas": 12, "minReplicas": 3}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}}},
	]}
	deny := autoscaling.deny with input as cluster
	undecided := autoscaling.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_loose if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "gone"}, "maxReplicas": 12, "minReplicas": 3}},
	]}
	deny := autoscaling.deny with input as cluster
	undecided := autoscaling.undecided with input as cluster
	{d.msg | some d in deny} == {"scales Deployment gone, which is not declared"}
	count(undecided) == 0
}

test_stuck if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "orders"}, "maxReplicas": 5, "minReplicas": 5}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := autoscaling.deny with input as cluster
	undecided := autoscaling.undecided with input as cluster
	{d.msg | some d in deny} == {"can not scale: its bounds are the same"}
	count(undecided) == 0
}

test_unstated if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "orders"}, "maxReplicas": 12}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := autoscaling.deny with input as cluster
	undecided := autoscaling.undecided with input as cluster
	{d.msg | some d in deny} == {"does not state its minimum"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "gone"}, "maxReplicas": 12, "minReplicas": 3}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := autoscaling.deny with input as cluster
	undecided := autoscaling.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
