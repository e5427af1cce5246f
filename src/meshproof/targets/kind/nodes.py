"""A cluster's nodes: awaited, and told where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from meshproof.declaration.model import Declaration
from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.probes.node import is_closed
from meshproof.targets.embedded.translate import Translation
from meshproof.waiting import until

#: Seen: 14 to 34 s on an idle machine.
_NODES_WITHIN_S: Final = 300.0
_REGION: Final = "topology.kubernetes.io/region"
_ZONE: Final = "topology.kubernetes.io/zone"
#: As many as the declared regions have.
_ZONES: Final = "abc"
_OF_AWS: Final = re.compile(r"-\d+$")
#: What a node bears until its cluster has noticed that it is ready.
_UNNOTICED: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def nodes_of(api: Api) -> list[str]:
    """Their names."""
    return [str(row["metadata"]["name"]) for row in api.get("/api/v1/nodes").get("items", [])]


def await_nodes(api: Api, site: str) -> None:
    """Wait until every node says that it is ready. Raises TargetError with what it says instead."""

    def unready() -> list[str]:
        rows = api.get("/api/v1/nodes").get("items", [])
        return [one for row in rows for one in unready_node(row)] if rows else ["no node has joined"]

    try:
        until(unready, lambda left: not left, within_s=_NODES_WITHIN_S, every_s=0.5, what=f"the nodes of {site} ready")
    except NotYet as error:
        raise TargetError(str(error)) from error


def unready_node(node: Mapping[str, Any]) -> list[str]:
    """Why a node is not ready, in its own words; nothing where it is, and the cluster has noticed."""
    name = node["metadata"]["name"]
    if any(one["key"] in _UNNOTICED for one in node.get("spec", {}).get("taints", [])):
        return [f"{name}: it takes no pods yet"]
    found = [one for one in node.get("status", {}).get("conditions", []) if one["type"] == "Ready"]
    if not found:
        return [f"{name} says nothing yet"]
    return [f"{name}: {one.get('message', 'no reason given')}" for one in found if one["status"] != "True"]


def node_address(api: Api) -> str:
    """Where the first node that takes pods is reached by the others of its network.

    Raises TargetError where none says it.
    """
    rows = sorted(api.get("/api/v1/nodes").get("items", []), key=is_closed)
    said = [one for row in rows for one in row.get("status", {}).get("addresses", [])]
    found = next((str(one["address"]) for one in said if one["type"] == "InternalIP"), "")
    if not found:
        message = f"{api.url}: no node says where it is reached"
        raise TargetError(message)
    return found


def place_nodes(api: Api, site: str, declaration: Declaration) -> list[Translation]:
    """Say of each node that it stands in a zone of the site's region: pods are spread by that, and calls led by it.

    Nodes that take pods stand in one zone after the other; where no pod can go, no pod is to be missed.
    """
    fact = declaration.by_address.get(f"fact:{site}/region")
    region = str(fact.values["value"]) if fact is not None else site
    rows = sorted(api.get("/api/v1/nodes").get("items", []), key=is_closed)
    zones = {}
    for number, row in enumerate(rows):
        name = str(row["metadata"]["name"])
        zones[name] = _zone(region, 0 if is_closed(row) else number)
        labels = {_REGION: region, _ZONE: zones[name]}
        api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
    placed = [Translation(address=f"Node/{name}", says=f"is said to stand in {zone}") for name, zone in zones.items()]
    return [Translation(address=site, says=_says(len(zones), len(set(zones.values())))), *placed]


def _zone(region: str, number: int) -> str:
    """As the region's cloud calls it: AWS has `eu-west-1a`, Google `europe-west4-a`."""
    letter = _ZONES[number % len(_ZONES)]
    return f"{region}{letter}" if _OF_AWS.search(region) else f"{region}-{letter}"


def _says(nodes: int, zones: int) -> str:
    if nodes == 1:
        return "is one node in one zone: that pods are spread over nodes and zones is not shown"
    return f"is {nodes} nodes in {zones} zones, all of one machine: a zone has no power and no network of its own"
