"""What becomes of the pods of a node that is lost: who calls them is sent elsewhere, and others take their place."""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from fixtures.workloads import Workloads, service_of, settled
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item
from meshproof.errors import NotYet
from meshproof.measurement import measure
from meshproof.observation import Observed
from meshproof.probes.node import expendable, outlasts_s
from meshproof.probes.workload import State, Workload
from meshproof.waiting import until

#: Pods are processes on the embedded target, and no node of a live one is stopped.
SHOWN_BY = ("kind",)
#: A node that says nothing for this long is not ready: https://kubernetes.io/docs/concepts/architecture/nodes/#heartbeats
#: (50 s), and again as long until all that watch have heard of it.
_NOTICED_WITHIN_S: Final = 100.0
_EVERY_S: Final = 1.0

LOST = Control(
    id="POD-007",
    title="The pods of a lost node MUST be sent nothing once that is noticed, and run elsewhere as their tolerations say",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions",
    remedy="Let Services send to ready pods only, and leave tolerations of node.kubernetes.io/unreachable out or short.",
    targets=SHOWN_BY,
    relates=("Rollout", "Service"),
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {
                "spec": {
                    "template": {
                        "spec": {
                            "tolerations": [
                                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
                            ]
                        }
                    }
                }
            },
            says="stay with a lost node for ever",
        ),
        edit("Service", "primary:shop/orders", {"spec": {"publishNotReadyAddresses": True}}, says="are still sent"),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of a workload's pods on a lost node: what they did not do, and when nobody was sent to them."""

    broken: list[str]
    left_s: float | None


@checks(LOST)
def test_pods_of_a_lost_node_run_elsewhere(workloads: Workloads) -> None:
    """One node of each site stands still, with its kubelet and all of its pods; then one of those that others are on."""
    moved = list(_moved(workloads))
    for one in moved:
        if one.value and one.value.left_s is not None:
            measure("node lost until nobody was sent to its pods", one.value.left_s, "s")

    findings = judge(moved, lambda seen: seen.value.broken if seen.value else None)

    assert not findings.broken, findings.table()


def _moved(workloads: Workloads) -> Iterator[Observed[Moved | None]]:
    """Every workload once: for those that had no pod on a lost node, another is lost."""
    while workloads.running:
        seen = _lost(workloads)
        yield from (one for one in seen if one.value is not None)
        unseen = {one.address for one in seen if one.value is None}
        workloads = replace(workloads, running=[one for one in workloads.running if one[0].address in unseen])


def _lost(workloads: Workloads) -> list[Observed[Moved | None]]:
    before = {item.address: settled(item, workload) for item, workload in workloads.running}
    with ExitStack() as stack:
        lost = set()
        for site, api in workloads.clusters.apis.items():
            pods = [pod for item, _ in workloads.running if item.site == site for pod in before[item.address].pods]
            if pods:
                lost.add(node := expendable(api, site, pods))
                stack.enter_context(workloads.target.losing(node))
        return workloads.each(lambda item, workload: _watched(item, workload, before[item.address], lost))


def _watched(item: Item, workload: Workload, before: State, lost: set[str]) -> Moved | None:
    """None for a workload that had no pod on a lost node: nothing was seen of it."""
    gone = {pod.name for pod in before.pods if pod.node in lost}
    if not gone:
        return None
    left, service = None, service_of(item, workload)
    broken = []
    try:
        left = until(lambda: workload.found(service), gone.isdisjoint, within_s=_NOTICED_WITHIN_S, every_s=_EVERY_S)
    except NotYet as error:
        broken.append(f"its pods on a lost node are still sent requests after {error.within_s:g} s")
    broken += _elsewhere(workload, len(before.pods), lost)
    return Moved(broken=broken, left_s=left.seconds if left else None)


def _elsewhere(workload: Workload, wanted: int, lost: set[str]) -> Iterator[str]:
    """What keeps as many pods as before from being ready on other nodes."""
    stays_s = outlasts_s(workload.pod["spec"])
    if math.isinf(stays_s):
        yield "its pods stay with a lost node for ever"
        return
    try:
        until(
            lambda: [pod for pod in workload.pods() if pod.is_ready and pod.node not in lost],
            lambda ready: len(ready) >= wanted,
            within_s=stays_s + _NOTICED_WITHIN_S + workload.probe_s("startup"),
            every_s=_EVERY_S,
        )
    except NotYet as error:
        yield f"its pods on a lost node do not run elsewhere after {error.within_s:g} s"
