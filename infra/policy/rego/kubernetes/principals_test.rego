package meshproof.kubernetes.principals_test

import data.meshproof.kubernetes.principals

test_known if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "orders"}}, "rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/orders"]}}]}]}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_pattern if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/*"]}}]}]}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_nobody if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/orders"]}}]}]}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == {"allows shop.meshproof/ns/shop/sa/orders, whom nobody declares"}
	count(undecided) == 0
}

test_malformed if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"rules": [{"from": [{"source": {"principals": ["orders"]}}]}]}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == {"allows orders, whom nobody declares"}
	count(undecided) == 0
}

test_unselected if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "gone"}}, "rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/orders"]}}]}]}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == {"selects no declared pod"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "AuthorizationPolicy", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "gone"}}, "rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/orders"]}}]}]}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := principals.deny with input as cluster
	undecided := principals.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 2
}
