"""Where the nodes of a cluster are said to stand, and which of them is named to others."""

from collections.abc import Mapping
from typing import Any

import pytest

from meshproof.declaration.model import Declaration, Place, Record
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Answer, Api
from meshproof.targets.kind.nodes import node_address, nodes_of, place_nodes
from meshproof.verdict import Assurance

CLOSED = ({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},)


class Cluster(Api):
    """An API server that has these nodes; what they are said to be is in `placed`."""

    url = "https://one"

    def __init__(self, *nodes: Mapping[str, Any]) -> None:
        """Nothing was said of them yet."""
        self._nodes = nodes
        self.placed: dict[str, str] = {}

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Its nodes."""
        assert (path, query) == ("/api/v1/nodes", {})
        return {"items": self._nodes}

    def apply(self, thing: Mapping[str, Any], *, dry_run: bool = False, force: bool = True) -> Answer:
        """Note the zone, which lies in the region."""
        assert (dry_run, force) == (False, True)
        metadata = thing["metadata"]
        region, zone = (metadata["labels"][f"topology.kubernetes.io/{one}"] for one in ("region", "zone"))
        assert zone.startswith(region)
        self.placed[metadata["name"]] = zone
        return Answer(kind="Node", name=metadata["name"], status=200, says="")


def node(name: str, *, address: str = "", taints: tuple[Mapping[str, str], ...] = ()) -> Mapping[str, Any]:
    """As the API server has it."""
    addresses = [{"type": "InternalIP", "address": address}] if address else []
    return {"metadata": {"name": name}, "spec": {"taints": list(taints)}, "status": {"addresses": addresses}}


@pytest.fixture
def declaration() -> Declaration:
    """It says nothing about regions."""
    return Declaration(environment="prod", version="1", records=())


def test_one_node_stands_in_the_first_zone(declaration: Declaration) -> None:
    """And it is said what that does not show."""
    cluster = Cluster(node("one"))

    said = place_nodes(cluster, "primary", declaration)

    assert cluster.placed == {"one": "primary-a"}
    assert [(one.address, one.says) for one in said] == [
        ("primary", "is one node in one zone: that pods are spread over nodes and zones is not shown"),
        ("Node/one", "is said to stand in primary-a"),
    ]


@pytest.mark.parametrize(("region", "zone"), [("eu-west-1", "eu-west-1a"), ("europe-west4", "europe-west4-a")])
def test_a_zone_is_called_as_its_cloud_calls_it(region: str, zone: str) -> None:
    """A declared experiment that names one finds it."""
    fact = Record(
        family="kubernetes",
        kind="fact",
        address="fact:primary/region",
        name="region",
        values={"value": region},
        place=Place(file="site.yaml", line=1),
        assurance=Assurance.DECLARED,
    )
    cluster = Cluster(node("one"))

    place_nodes(cluster, "primary", Declaration(environment="prod", version="1", records=(fact,)))

    assert cluster.placed == {"one": zone}


def test_nodes_that_take_pods_stand_in_one_zone_after_the_other(declaration: Declaration) -> None:
    """One that takes none makes no zone of its own, in which pods that are to be spread would be missed."""
    cluster = Cluster(node("closed", taints=CLOSED), *map(node, ("one", "two", "three", "four")))

    said = place_nodes(cluster, "standby", declaration)

    zones = {"one": "standby-a", "two": "standby-b", "three": "standby-c", "four": "standby-a", "closed": "standby-a"}
    assert cluster.placed == zones
    assert said[0].says.startswith("is 5 nodes in 3 zones, all of one machine")
    assert nodes_of(cluster) == ["closed", "one", "two", "three", "four"]


def test_a_node_that_takes_pods_is_named_to_others() -> None:
    """What is sent to one that takes none may find no pod there; where there is no other, it is better than nothing."""
    closed, opened = node("closed", address="10.213.0.2", taints=CLOSED), node("open", address="10.213.0.3")

    assert node_address(Cluster(closed, opened)) == "10.213.0.3"
    assert node_address(Cluster(closed)) == "10.213.0.2"


def test_a_cluster_without_an_address_is_said() -> None:
    """With which it is."""
    with pytest.raises(TargetError, match=r"^https://one: no node says where it is reached$"):
        node_address(Cluster(node("one")))
