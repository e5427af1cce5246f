package meshproof.kubernetes.roles_test

import data.meshproof.kubernetes.roles

test_narrow if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Role", "metadata": {"name": "r", "namespace": "shop"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
		{"apiVersion": "v1", "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "shop"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "orders", "namespace": "shop"}]},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
		{"apiVersion": "v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "ServiceAccount", "name": "platform-reconciler", "namespace": "flux-system"}]},
		{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "platform-reconciler", "namespace": "flux-system"}},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_everything if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == {"grants every verb on every resource"}
	count(undecided) == 0
}

test_escalating if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"resources": ["clusterroles"], "verbs": ["escalate"]}]},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == {"grants escalate"}
	count(undecided) == 0
}

test_homeless if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "orders"}]},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == {"binds orders, which is not declared"}
	count(undecided) == 0
}

test_administrator if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "Group", "name": "developers"}]},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == {"makes Group developers administrator"}
	count(undecided) == 0
}

test_nobody if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "gone", "namespace": "shop"}]},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == {"binds gone, which is not declared"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "ClusterRoleBinding", "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "ServiceAccount", "name": "gone", "namespace": "shop"}]},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := roles.deny with input as cluster
	undecided := roles.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
