package meshproof.kubernetes.budgets_test

import data.meshproof.kubernetes.budgets

test_one if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "PodDisruptionBudget", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "orders"}}, "maxUnavailable": 1}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_none if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == {"has 0 disruption budgets"}
	count(undecided) == 0
}

test_none_when_autoscaled if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Rollout", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}}},
		{"apiVersion": "v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"scaleTargetRef": {"kind": "Rollout", "name": "orders"}, "maxReplicas": 12, "minReplicas": 3}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == {"has 0 disruption budgets"}
	count(undecided) == 0
}

test_two if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "PodDisruptionBudget", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "orders"}}, "maxUnavailable": 1}},
		{"apiVersion": "v1", "kind": "PodDisruptionBudget", "metadata": {"name": "other", "namespace": "shop"}, "spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["orders"]}, {"key": "track", "operator": "NotIn", "values": ["canary"]}, {"key": "app", "operator": "Exists"}, {"key": "track", "operator": "DoesNotExist"}]}, "maxUnavailable": 1}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == {"has 2 disruption budgets"}
	count(undecided) == 0
}

test_single_needs_none if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 1}},
		{"apiVersion": "v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}, "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "report"}}, "spec": {"containers": [{"name": "a"}], "serviceAccountName": "report"}}}}}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_idle if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "PodDisruptionBudget", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "gone"}}, "maxUnavailable": 1}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == {"selects no declared pod"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "PodDisruptionBudget", "metadata": {"name": "gone", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "gone"}}, "maxUnavailable": 1}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := budgets.deny with input as cluster
	undecided := budgets.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
