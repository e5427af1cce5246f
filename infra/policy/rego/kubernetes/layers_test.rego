package meshproof.kubernetes.layers_test

import data.meshproof.kubernetes.layers

test_ordered if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": []}},
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "b", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [{"name": "a"}]}},
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "c", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [{"name": "a"}, {"name": "b"}]}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_missing if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [{"name": "gone"}]}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == {"depends on gone, which is not declared"}
	count(undecided) == 0
}

test_circle if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [{"name": "b"}]}},
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "b", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [{"name": "a"}]}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == {"depends on itself by way of others"}
	count(undecided) == 0
}

test_drifting if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": false, "dependsOn": []}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == {"does not undo drift"}
	count(undecided) == 0
}

test_suspended if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./x", "prune": true, "dependsOn": [], "suspend": true}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == {"is suspended"}
	count(undecided) == 0
}

test_fact if {
	cluster := {"objects": [
		{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "a", "namespace": "flux-system"}, "spec": {"path": "./${site}", "prune": true, "dependsOn": []}},
	]}
	deny := layers.deny with input as cluster
	undecided := layers.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
