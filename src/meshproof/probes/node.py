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


def expendable(api: Api, site: str, pods: Iterable[Pod]) -> str:
    """The node that most of these pods run on, of those that do not hold the cluster's own control plane.

    Raises TargetError where there is no such node, or none of them would be left to run the pods elsewhere.
    """
    rows = api.get("/api/v1/nodes").get("items", [])
    workers = [str(one["metadata"]["name"]) for one in rows if _CONTROL_PLANE not in one["metadata"].get("labels", {})]
    open_ones = [one for one in rows if not _is_closed(one)]
    if not workers or len(open_ones) < 2:  # noqa: PLR2004  one to lose and one to go to
        message = f"{site} has {len(rows)} nodes, and none can be lost: adopt clusters with workers by --kind-cluster"
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


def _is_closed(node: Mapping[str, Any]) -> bool:
    """Whether it takes no pods that do not ask for it."""
    taints = node.get("spec", {}).get("taints", [])
    return any(one["effect"] in ("NoSchedule", "NoExecute") for one in taints)
