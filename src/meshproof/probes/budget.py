"""A disruption budget of one cluster as its API server holds it: what it counted, and how many pods it lets go now."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshproof.probes.workload import Pod, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a budget says of a workload, beside its pods: of `expected`, `healthy` are; `allowed` may go now.

    `is_current` is False while nobody has counted since the budget was changed.
    """

    is_current: bool
    expected: int
    healthy: int
    allowed: int
    pods: Sequence[Pod]

    @property
    def is_whole(self) -> bool:
        """Whether every pod that should be there is, and is ready, in its own words and in the budget's."""
        ready = sum(one.is_ready for one in self.pods)
        return self.is_current and self.expected == self.healthy == ready == len(self.pods) > 0

    def __str__(self) -> str:
        """How far from whole it is."""
        ready = sum(one.is_ready for one in self.pods)
        return f"{ready} of {len(self.pods)} pods ready, {self.healthy} of {self.expected} healthy to its budget"


def count(workload: Workload, budget: str) -> Count | None:
    """As they are now; None where the cluster has no such budget."""
    path = f"/apis/policy/v1/namespaces/{workload.namespace}/poddisruptionbudgets"
    there = workload.api.get(path, fieldSelector=f"metadata.name={budget}").get("items", [])
    if not there:
        return None
    status = there[0].get("status", {})
    return Count(
        is_current=status.get("observedGeneration") == there[0]["metadata"].get("generation"),
        expected=status.get("expectedPods", 0),
        healthy=status.get("currentHealthy", 0),
        allowed=status.get("disruptionsAllowed", 0),
        pods=workload.pods(),
    )


def allowance(spec: Mapping[str, Any], pods: int) -> int:
    """How many of so many pods a declared budget lets go at once; shares are rounded up, as Kubernetes does.

    Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages
    """
    if (gone := spec.get("maxUnavailable")) is not None:
        return _number(gone, pods)
    return max(0, pods - _number(spec.get("minAvailable", pods), pods))


def _number(value: object, pods: int) -> int:
    text = str(value)
    return math.ceil(pods * int(text[:-1]) / 100) if text.endswith("%") else int(text)
