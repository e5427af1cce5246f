"""An autoscaler of one cluster as it is seen: what it reads, and how many pods it wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Api, Object

#: What must be true of it, in its own words, before it changes anything.
_WORKS: Final = ("AbleToScale", "ScalingActive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What it says at one moment: `used_share` is what is used of its target, None while it reads no metric.

    `trouble` is why it cannot scale, in its own words; empty where it can.
    """

    used_share: float | None
    trouble: str


class Autoscaler:
    """One HorizontalPodAutoscaler, as it was given to the cluster: `declared`."""

    def __init__(self, api: Api, declared: Object) -> None:
        """Nothing is asked yet."""
        self.least = int(declared["spec"].get("minReplicas", 1))
        self.most = int(declared["spec"]["maxReplicas"])
        self._api = api
        self._declared = declared

    def reading(self) -> Reading:
        """What it says now. Raises ProbeError where it is not in the cluster."""
        there = self._api.get(str(self._api.path_of(self._declared)))
        if not there:
            metadata = self._declared["metadata"]
            message = f"the autoscaler {metadata['namespace']}/{metadata['name']} is not in the cluster"
            raise ProbeError(message)
        return reading_of(there)


def reading_of(there: Object) -> Reading:
    """What an autoscaler's object says of itself."""
    status = there.get("status", {})
    conditions = {one["type"]: one for one in status.get("conditions") or []}
    unmet = [conditions[kind] for kind in _WORKS if kind in conditions and conditions[kind]["status"] != "True"]
    missing = [kind for kind in _WORKS if kind not in conditions]
    trouble = unmet[0].get("message", "") if unmet else f"it says nothing of {missing[0]}" if missing else ""
    shares = list(_shares(there["spec"].get("metrics") or [], status.get("currentMetrics") or []))
    return Reading(used_share=max(shares) if shares and not trouble else None, trouble=trouble)


def _shares(aims: list[Mapping[str, Any]], seen: list[Mapping[str, Any]]) -> Iterator[float]:
    """Of each metric that aims at a share of what is requested: how much of that is used. They come in one order."""
    for aim, current in zip(aims, seen, strict=False):
        kind = str(aim["type"])[:1].lower() + str(aim["type"])[1:]
        wanted = aim.get(kind, {}).get("target", {}).get("averageUtilization")
        used = current.get(kind, {}).get("current", {}).get("averageUtilization")
        if wanted and used is not None:
            yield used / wanted
