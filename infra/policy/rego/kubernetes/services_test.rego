package meshproof.kubernetes.services_test

import data.meshproof.kubernetes.services

test_served if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"app": "orders"}, "ports": [{"port": 8080, "targetPort": "http"}]}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "external", "namespace": "shop"}, "spec": {"type": "ExternalName"}},
	]}
	deny := services.deny with input as cluster
	undecided := services.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_unserved if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"selector": {"app": "gone"}, "ports": [{"port": 8080, "targetPort": "http"}]}},
	]}
	deny := services.deny with input as cluster
	undecided := services.undecided with input as cluster
	{d.msg | some d in deny} == {"selects no declared pod"}
	count(undecided) == 0
}

test_no_such_port if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"app": "orders"}, "ports": [{"port": 8080, "targetPort": "grpc"}]}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := services.deny with input as cluster
	undecided := services.undecided with input as cluster
	{d.msg | some d in deny} == {"sends to port grpc, which orders does not have"}
	count(undecided) == 0
}

test_operated if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "prometheus", "namespace": "shop"}, "spec": {"selector": {"app.kubernetes.io/name": "prometheus"}, "ports": []}},
		{"apiVersion": "v1", "kind": "Prometheus", "metadata": {"name": "platform", "namespace": "shop"}, "spec": {}},
	]}
	deny := services.deny with input as cluster
	undecided := services.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"selector": {"app": "gone"}, "ports": [{"port": 8080, "targetPort": "http"}]}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := services.deny with input as cluster
	undecided := services.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
