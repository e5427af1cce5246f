package meshproof.kubernetes.routes_test

import data.meshproof.kubernetes.routes

test_guarded if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "VirtualService", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"http": [{"route": [{"destination": {"host": "orders"}}]}]}},
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"app": "orders"}, "ports": [{"port": 8080, "targetPort": "http"}]}},
		{"apiVersion": "v1", "kind": "DestinationRule", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"host": "orders.shop.svc.cluster.local", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5}}}},
	]}
	deny := routes.deny with input as cluster
	undecided := routes.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_external if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "VirtualService", "metadata": {"name": "orders", "namespace": "istio-egress"}, "spec": {"http": [{"route": [{"destination": {"host": "api.psp.example"}}]}]}},
		{"apiVersion": "v1", "kind": "ServiceEntry", "metadata": {"name": "psp", "namespace": "istio-egress"}, "spec": {"hosts": ["api.psp.example"]}},
		{"apiVersion": "v1", "kind": "DestinationRule", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"host": "api.psp.example", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5}}}},
	]}
	deny := routes.deny with input as cluster
	undecided := routes.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 0
}

test_nowhere if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "VirtualService", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"http": [{"route": [{"destination": {"host": "gone"}}]}]}},
	]}
	deny := routes.deny with input as cluster
	undecided := routes.undecided with input as cluster
	{d.msg | some d in deny} == {"sends to gone, which is not declared"}
	count(undecided) == 0
}

test_unguarded if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "VirtualService", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"http": [{"route": [{"destination": {"host": "orders.shop"}}]}]}},
		{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"selector": {"app": "orders"}, "ports": [{"port": 8080, "targetPort": "http"}]}},
		{"apiVersion": "v1", "kind": "DestinationRule", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"host": "orders", "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}}},
	]}
	deny := routes.deny with input as cluster
	undecided := routes.undecided with input as cluster
	{d.msg | some d in deny} == {"sends to orders.shop, which nothing ejects broken pods from"}
	count(undecided) == 0
}

test_fact if {
	cluster := {"objects": [
		{"apiVersion": "v1", "kind": "VirtualService", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {"tcp": [{"route": [{"destination": {"host": "${host}"}}]}]}},
	]}
	deny := routes.deny with input as cluster
	undecided := routes.undecided with input as cluster
	{d.msg | some d in deny} == set()
	count(undecided) == 1
}
