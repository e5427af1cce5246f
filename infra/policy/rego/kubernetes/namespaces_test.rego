package meshproof.kubernetes.namespaces_test

import data.meshproof.kubernetes.namespaces

test_declared if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
		{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site", "namespace": "flux-system"}},
	]}
	deny := namespaces.deny with input as cluster
	undecided := namespaces.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_undeclared if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
	]}
	deny := namespaces.deny with input as cluster
	undecided := namespaces.undecided with input as cluster
	{d.msg | some d in deny} == {"is in shop, which is not declared"}
	count(undecided) == 0
}

test_fact if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "${namespace}"}},
	]}
	deny := namespaces.deny with input as cluster
	undecided := namespaces.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
