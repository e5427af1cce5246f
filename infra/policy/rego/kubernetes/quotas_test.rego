package meshproof.kubernetes.quotas_test

import data.meshproof.kubernetes.quotas

test_fits if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}, "annotations": {"sidecar.istio.io/proxyCPU": "100m", "sidecar.istio.io/proxyMemory": "128Mi"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "orders"}, "maxReplicas": 12, "minReplicas": 3}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "small", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "small"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}}},
		{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "shop"}, "spec": {"hard": {"requests.cpu": "8", "requests.memory": "9Gi"}}},
	]}
	deny := quotas.deny with input as cluster
	undecided := quotas.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_too_small if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}, "annotations": {"sidecar.istio.io/proxyCPU": "100m", "sidecar.istio.io/proxyMemory": "128Mi"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "orders"}, "maxReplicas": 12, "minReplicas": 3}},
		{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "shop"}, "spec": {"hard": {"requests.cpu": "7", "requests.memory": "9Gi"}}},
	]}
	deny := quotas.deny with input as cluster
	undecided := quotas.undecided with input as cluster
	{d.msg | some d in deny} == {"its namespace may ask for 7.2 of cpu, above 7"}
	count(undecided) == 0
}

test_unstated if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "a"}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "compute", "namespace": "shop"}, "spec": {"hard": {"requests.cpu": "8", "requests.memory": "8Gi"}}},
	]}
	deny := quotas.deny with input as cluster
	undecided := quotas.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
