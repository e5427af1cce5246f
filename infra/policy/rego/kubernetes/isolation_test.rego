package meshproof.kubernetes.isolation_test

import data.meshproof.kubernetes.isolation

test_closed if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "default-deny", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"podSelector": {"matchLabels": {"app": "orders"}}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "orders"}}}]}]}},
	]}
	deny := isolation.deny with input as cluster
	undecided := isolation.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_open if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
	]}
	deny := isolation.deny with input as cluster
	undecided := isolation.undecided with input as cluster
	{d.msg | some d in deny} == {"has no policy that denies everything by default"}
	count(undecided) == 0
}

test_half_closed if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}},
	]}
	deny := isolation.deny with input as cluster
	undecided := isolation.undecided with input as cluster
	{d.msg | some d in deny} == {"has no policy that denies everything by default"}
	count(undecided) == 0
}

test_hole if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "default-deny", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}},
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}},
	]}
	deny := isolation.deny with input as cluster
	undecided := isolation.undecided with input as cluster
	{d.msg | some d in deny} == {"egress admits everybody"}
	count(undecided) == 0
}

test_fact if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "NetworkPolicy", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"podSelector": {"matchLabels": {"app": "${fact}"}}, "policyTypes": ["Ingress"]}},
	]}
	deny := isolation.deny with input as cluster
	undecided := isolation.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
