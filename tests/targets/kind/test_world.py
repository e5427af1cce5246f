"""What a cluster is given beside what is declared, and what is said while its nodes are not ready."""

from typing import Any

from meshproof.targets.kind.given import undeclared_namespaces
from meshproof.targets.kind.nodes import unready_node


def thing(kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    """An object, in a namespace or in none."""
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def test_a_namespace_that_nobody_declares_is_made_for_what_stands_in_it() -> None:
    """Flux makes its own when it is put into a cluster; Kubernetes has some from the beginning."""
    objects = [
        thing("Namespace", "shop"),
        thing("Service", "orders", "shop"),
        thing("ConfigMap", "site", "flux-system"),
        thing("ServiceAccount", "controller", "flux-system"),
        thing("Role", "reader", "kube-system"),
        thing("ClusterRole", "viewer"),
    ]

    assert list(undeclared_namespaces(objects)) == [thing("Namespace", "flux-system")]


def test_a_node_that_is_not_ready_says_why() -> None:
    """The wait ends with its own words."""
    condition = {"type": "Ready", "status": "False", "message": "cni plugin not initialized"}
    node = {"metadata": {"name": "one"}, "status": {"conditions": [{"type": "DiskPressure"}, condition]}}

    assert unready_node(node) == ["one: cni plugin not initialized"]
    assert unready_node({"metadata": {"name": "one"}}) == ["one says nothing yet"]


def test_a_ready_node_says_nothing() -> None:
    """Only then is it over: when its cluster has noticed too, and sends pods there."""
    node = {"metadata": {"name": "one"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    unnoticed = {"spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}}

    assert not unready_node(node)
    assert unready_node({**node, **unnoticed}) == ["one: it takes no pods yet"]
