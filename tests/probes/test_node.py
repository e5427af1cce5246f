"""Which node of a cluster can be lost, and for how long its pods outlast it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api
from meshproof.probes.node import expendable, outlasts_s
from meshproof.probes.workload import Pod, pod_of

POD = pod_of({"metadata": {"namespace": "shop", "name": "orders-1"}, "spec": {}})
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
CLOSED = {"taints": [{"key": CONTROL_PLANE, "effect": "NoSchedule"}]}
UNREACHABLE = "node.kubernetes.io/unreachable"


class Cluster(Api):
    """An API server that has these nodes."""

    def __init__(self, *nodes: Mapping[str, Any]) -> None:
        """Nothing else is asked."""
        self._nodes = nodes

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Its nodes."""
        assert (path, query) == ("/api/v1/nodes", {})
        return {"items": self._nodes}


def node(name: str, *, label: str = "", spec: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """As the API server has it."""
    return {"metadata": {"name": name, "labels": {label: ""} if label else {}}, "spec": spec or {}}


def on(*nodes: str) -> Sequence[Pod]:
    """A pod on each of them."""
    return [replace(POD, node=one) for one in nodes]


def test_the_node_with_most_of_the_pods_is_lost() -> None:
    """Never the one with the control plane: with it nothing could be seen any more."""
    cluster = Cluster(node("first", label=CONTROL_PLANE, spec=CLOSED), *map(node, ("second", "third", "fourth")))

    assert expendable(cluster, "primary", on("first", "first", "second", "third", "third")) == "third"


@pytest.mark.parametrize(
    ("nodes", "where", "says"),
    [
        pytest.param((node("one", label=CONTROL_PLANE),), "one", "^1 nodes of primary take pods, and none", id="one"),
        pytest.param(
            (node("one", label=CONTROL_PLANE, spec=CLOSED), node("two"), node("three")),
            "two",
            "^2 nodes of primary take pods",
            id="no two to go to",
        ),
        pytest.param(
            (node("one", label=CONTROL_PLANE), node("two"), node("three")),
            "one",
            "no pod of a declared workload",
            id="empty workers",
        ),
    ],
)
def test_where_none_can_be_lost_it_is_said(nodes: Sequence[Mapping[str, Any]], where: str, says: str) -> None:
    """Then nothing can be concluded about the loss of a node."""
    with pytest.raises(TargetError, match=says):
        expendable(Cluster(*nodes), "primary", on(where))


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        pytest.param([], 300.0, id="the cluster adds its own"),
        pytest.param([{"key": "capacity", "effect": "NoSchedule"}], 300.0, id="another taint"),
        pytest.param([{"key": UNREACHABLE, "effect": "NoExecute", "tolerationSeconds": 30}], 30.0, id="declared"),
        pytest.param([{"operator": "Exists"}], math.inf, id="everything for ever"),
        pytest.param(
            [{"operator": "Exists"}, {"key": UNREACHABLE, "tolerationSeconds": 60}], 60.0, id="the shortest decides"
        ),
    ],
)
def test_a_pod_outlasts_its_node_as_its_tolerations_say(tolerations: Sequence[Any], seconds: float) -> None:
    """Without a time, for ever."""
    assert outlasts_s({"tolerations": tolerations}) == seconds
