"""A cluster's nodes: awaited, and told where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshproof.declaration.model import Declaration
from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded.translate import Translation
from meshproof.waiting import until

#: Seen: 14 to 34 s on an idle machine.
_NODES_WITHIN_S: Final = 300.0
_REGION: Final = "topology.kubernetes.io/region"
_ZONE: Final = "topology.kubernetes.io/zone"


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
    """Why a node is not ready, in its own words; nothing where it is."""
    name = node["metadata"]["name"]
    found = [one for one in node.get("status", {}).get("conditions", []) if one["type"] == "Ready"]
    if not found:
        return [f"{name} says nothing yet"]
    return [f"{name}: {one.get('message', 'no reason given')}" for one in found if one["status"] != "True"]


def node_address(api: Api) -> str:
    """Where a cluster's node is reached by the others of its network. Raises TargetError where it says nothing."""
    rows = api.get("/api/v1/nodes").get("items", [])
    said = [one for row in rows for one in row.get("status", {}).get("addresses", [])]
    found = next((str(one["address"]) for one in said if one["type"] == "InternalIP"), "")
    if not found:
        message = f"{api.url}: no node says where it is reached"
        raise TargetError(message)
    return found


def place_nodes(api: Api, site: str, declaration: Declaration) -> list[Translation]:
    """Say of each node that it stands in a zone of the site's region: pods are spread by that, and calls led by it."""
    fact = declaration.by_address.get(f"fact:{site}/region")
    region = str(fact.values["value"]) if fact is not None else site
    labels = {_REGION: region, _ZONE: f"{region}-a"}
    names = [row["metadata"]["name"] for row in api.get("/api/v1/nodes").get("items", [])]
    for name in names:
        api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
    return [Translation(address=f"Node/{name}", says=f"is said to stand in {region}-a") for name in names]
