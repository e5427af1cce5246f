package meshproof.kubernetes.references_test

import data.meshproof.kubernetes.references

test_made if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "ports": [{"name": "http"}], "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}}}], "serviceAccountName": "orders", "volumes": [{"name": "a", "configMap": {"name": "config"}}, {"name": "b", "secret": {"secretName": "users"}}, {"name": "c", "secret": {"secretName": "tls"}}, {"name": "d", "configMap": {"name": "istio-ca-root-cert"}}, {"name": "e", "configMap": {"name": "maybe", "optional": true}}, {"name": "f", "secret": {"secretName": "maybe", "optional": true}}]}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "other", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "config"}}], "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "users", "key": "x"}}}]}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": "shop"}},
		{"apiVersion": "v1", "kind": "ExternalSecret", "metadata": {"name": "users", "namespace": "shop"}, "spec": {}},
		{"apiVersion": "v1", "kind": "Certificate", "metadata": {"name": "tls", "namespace": "shop"}, "spec": {"secretName": "tls"}},
	]}
	deny := references.deny with input as cluster
	undecided := references.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_missing if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "config"}}], "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "users", "key": "x"}}}]}], "serviceAccountName": "orders"}}, "replicas": 3}},
	]}
	deny := references.deny with input as cluster
	undecided := references.undecided with input as cluster
	{d.msg | some d in deny} == {"mounts the ConfigMap config, which nothing makes", "mounts the Secret users, which nothing makes"}
	count(undecided) == 0
}

test_released if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "Deployment", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"template": {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "app", "envFrom": [{"configMapRef": {"name": "config"}}], "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "users", "key": "x"}}}]}], "serviceAccountName": "orders"}}, "replicas": 3}},
		{"apiVersion": "v1", "kind": "HelmRelease", "metadata": {"name": "chart", "namespace": "flux-system"}, "spec": {"targetNamespace": "shop"}},
	]}
	deny := references.deny with input as cluster
	undecided := references.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 2
}
