"""What stands in for a cloud's load balancers, which clusters of kind have not: the address of a node."""

from __future__ import annotations

from typing import Final

from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded.translate import Translation
from meshproof.targets.kind.nodes import node_address, nodes_of

_ONLY_ITS_OWN: Final = ", which leads to no pod of another node: its external traffic policy is Local"


def balance(api: Api) -> list[Translation]:
    """Give every Service that waits for a load balancer a node's address: kube-proxy passes on what comes to it.

    It is one node's, also where there are several: that its policy then keeps callers from the others' pods is said.
    One that has an address already has somebody who sees to that, and is left alone. Raises TargetError, ProbeError.
    """
    waiting = [
        one
        for one in api.list("v1", "services")
        if one["spec"].get("type") == "LoadBalancer" and not one.get("status", {}).get("loadBalancer")
    ]
    said, has_others = [], len(nodes_of(api)) > 1
    for one in waiting:
        address, metadata = node_address(api), one["metadata"]
        is_local = has_others and one["spec"].get("externalTrafficPolicy") == "Local"
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
        api.set_status(service, {"loadBalancer": {"ingress": [{"ip": address}]}})
        name = f"Service/{metadata['namespace']}/{metadata['name']}"
        says = f"its load balancer is the node, at {address}{_ONLY_ITS_OWN if is_local else ''}"
        said.append(Translation(address=name, says=says))
    return said
