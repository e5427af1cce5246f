"""What stands in for a cloud's load balancers, which clusters of kind have not: the address of a node."""

from __future__ import annotations

from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded.translate import Translation
from meshproof.targets.kind.nodes import node_address


def balance(api: Api) -> list[Translation]:
    """Give every Service that waits for a load balancer the node's address: kube-proxy passes on what comes to it.

    One that has an address already has somebody who sees to that, and is left alone. Raises TargetError, ProbeError.
    """
    waiting = [
        one
        for one in api.list("v1", "services")
        if one["spec"].get("type") == "LoadBalancer" and not one.get("status", {}).get("loadBalancer")
    ]
    said = []
    for one in waiting:
        address, metadata = node_address(api), one["metadata"]
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata}
        api.set_status(service, {"loadBalancer": {"ingress": [{"ip": address}]}})
        name = f"Service/{metadata['namespace']}/{metadata['name']}"
        said.append(Translation(address=name, says=f"its load balancer is the node, at {address}"))
    return said
