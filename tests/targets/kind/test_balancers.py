"""Services that wait for a load balancer, in a real API server with a node that nobody runs."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from meshproof.components.kube_apiserver import ApiServer
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api
from meshproof.targets.kind.balancers import balance

NODE: dict[str, Any] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}}
OTHER: dict[str, Any] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "two"}}
SPACE: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "edge"}}


def service(name: str, kind: str) -> dict[str, Any]:
    """A Service of a kind."""
    spec = {"type": kind, "ports": [{"port": 443}], "selector": {"app": name}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "edge"}, "spec": spec}


@pytest.fixture
def api(api_server: ApiServer) -> Iterator[Api]:
    """A client; what a test leaves is taken away."""
    with closing(Api(api_server.credentials)) as found:
        assert found.apply(SPACE).accepted
        yield found
        for one in (*found.list("v1", "services"), NODE, OTHER):
            thing = {"apiVersion": "v1", "kind": one.get("kind", "Service"), "metadata": one["metadata"]}
            if one["metadata"].get("namespace", "edge") == "edge":
                found.delete(thing)


def addresses(api: Api, name: str) -> list[str]:
    """Where the API server says that a Service is reached from outside."""
    found = api.get(f"/api/v1/namespaces/edge/services/{name}")["status"]["loadBalancer"]
    return [one["ip"] for one in found.get("ingress", [])]


def test_a_service_that_waits_for_one_gets_the_nodes_address(api: Api) -> None:
    """One that has an address keeps it, and one of another kind needs none."""
    for one in (NODE, service("gateway", "LoadBalancer"), service("own", "LoadBalancer"), service("in", "ClusterIP")):
        assert api.apply(one).accepted
    api.set_status(NODE, {"addresses": [{"type": "InternalIP", "address": "10.213.0.3"}]})
    api.set_status(service("own", "LoadBalancer"), {"loadBalancer": {"ingress": [{"ip": "198.18.0.1"}]}})

    said = balance(api)

    assert [(one.address, one.says) for one in said] == [
        ("Service/edge/gateway", "its load balancer is the node, at 10.213.0.3")
    ]
    assert {one: addresses(api, one) for one in ("gateway", "own", "in")} == {
        "gateway": ["10.213.0.3"],
        "own": ["198.18.0.1"],
        "in": [],
    }
    assert not balance(api)


def test_what_keeps_callers_from_pods_of_other_nodes_is_said(api: Api) -> None:
    """Only where there are others, and the Service's own policy does."""
    local = service("gateway", "LoadBalancer")
    local["spec"]["externalTrafficPolicy"] = "Local"
    for one in (NODE, OTHER, local, service("open", "LoadBalancer")):
        assert api.apply(one).accepted
    api.set_status(NODE, {"addresses": [{"type": "InternalIP", "address": "10.213.0.3"}]})

    said = {one.address: one.says for one in balance(api)}

    assert said["Service/edge/open"] == "its load balancer is the node, at 10.213.0.3"
    assert said["Service/edge/gateway"].startswith(
        "its load balancer is the node, at 10.213.0.3, which leads to no pod"
    )


def test_without_a_node_there_is_nowhere_to_lead(api: Api) -> None:
    """It is said, and nothing is made up."""
    assert api.apply(service("gateway", "LoadBalancer")).accepted

    with pytest.raises(TargetError, match="no node says where it is reached"):
        balance(api)
