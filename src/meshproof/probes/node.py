"""The nodes of one cluster: which can be lost without the cluster itself, and for how long a pod outlasts its node."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api
from meshproof.probes.workload import Pod

_CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
_UNREACHABLE: Final = "node.kubernetes.io/unreachable"
#: What a cluster adds to every pod that does not say for itself.
#: Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds
DEFAULT_S: Final = 300.0
#: How many nodes must take pods once one is lost.
_LEFT: Final = 2


def expendable(api: Api, site: str, pods: Iterable[Pod]) -> str:
    """The node that most of these pods run on, of those that do not hold the cluster's own control plane.

    Raises TargetError where there is no such node, or the others have no room for two pods apart: pods that are spread
    over zones would wait for the lost one.
    """
    rows = api.get("/api/v1/nodes").get("items", [])
    workers = [str(one["metadata"]["name"]) for one in rows if _CONTROL_PLANE not in one["metadata"].get("labels", {})]
    open_ones = [one for one in rows if not is_closed(one)]
    if not workers or len(open_ones) <= _LEFT:
        message = (
            f"{len(open_ones)} nodes of {site} take pods, and none can be lost: "
            "have clusters made by --kind-workers 2, or adopt some with as many by --kind-cluster"
        )
        raise TargetError(message)
    there = Counter(one.node for one in pods if one.node in workers)
    if not there:
        message = f"no pod of a declared workload runs on a worker of {site}: {', '.join(workers)}"
        raise TargetError(message)
    return there.most_common(1)[0][0]


def outlasts_s(spec: Mapping[str, Any]) -> float:
    """For how many seconds a pod stays with a node that is not reached, as its own tolerations say; maybe for ever."""
    matching = [
        one
        for one in spec.get("tolerations", [])
        if one.get("effect") in (None, "", "NoExecute") and one.get("key") in (None, "", _UNREACHABLE)
    ]
    bounded = [float(one["tolerationSeconds"]) for one in matching if one.get("tolerationSeconds") is not None]
    if bounded:
        return min(bounded)
    return math.inf if matching else DEFAULT_S


def is_closed(node: Mapping[str, Any]) -> bool:
    """Whether it takes no pods that do not ask for it."""
    taints = node.get("spec", {}).get("taints", [])
    return any(one["effect"] in ("NoSchedule", "NoExecute") for one in taints)
