package meshproof.kubernetes.identities_test

import data.meshproof.kubernetes.identities

test_own if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
		{"apiVersion": "v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}, "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "report"}}, "spec": {"containers": [{"name": "a"}], "serviceAccountName": "report"}}}}}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "report", "namespace": "shop"}},
	]}
	deny := identities.deny with input as cluster
	undecided := identities.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_default if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}]}}, "replicas": 3}},
	]}
	deny := identities.deny with input as cluster
	undecided := identities.undecided with input as cluster
	{d.msg | some d in deny} == {"runs as the default account"}
	count(undecided) == 0
}

test_undeclared if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := identities.deny with input as cluster
	undecided := identities.undecided with input as cluster
	{d.msg | some d in deny} == {"runs as orders, which is not declared"}
	count(undecided) == 0
}

test_shared if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "other", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
	]}
	deny := identities.deny with input as cluster
	undecided := identities.undecided with input as cluster
	{d.msg | some d in deny} == {"shares its account with Deployment/shop/other"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := identities.deny with input as cluster
	undecided := identities.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
