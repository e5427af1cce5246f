"""How a pod leaves: its proxy finishes what is on its way, and no caller notices."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from fixtures.calls import PORT, SHOP, seconds
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.model import Declaration
from meshproof.errors import NotYet
from meshproof.observation import Observed
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Request
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest, joined
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Assurance
from meshproof.waiting import until

SHOWN_BY = ("embedded",)
SERVICE: Final = "payments"
GUEST: Final = "payments-leaving"
HOST: Final = f"{SERVICE}.{SHOP}.svc.cluster.local:{PORT}"
CALLS: Final = "payments by orders"
#: Writes are never repeated once they were seen: one that the pod loses is lost for its caller.
PER_S: Final = 60.0
LASTS: Final = "delay=400ms"
#: So many answers of the pod show that it has its share of the calls, and that some are always on their way to it.
ANSWERS: Final = 5
STARTS_WITHIN_S: Final = 20.0
#: The agent looks every second whether the last connection is gone; the rest is for a loaded machine.
LATE_S: Final = 5.0

DRAIN = Control(
    id="RESIL-108",
    title="A pod that is told to end MUST finish every request that is on its way, within its declared drain",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/",
    remedy="Keep terminationDrainDuration of the pods above the longest call, or EXIT_ON_ZERO_ACTIVE_CONNECTIONS.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-24", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/payments",
            {
                "spec": {
                    "template": {
                        "metadata": {
                            "annotations": {
                                "proxy.istio.io/config": "terminationDrainDuration: 0.01s\n"
                                'proxyMetadata: {EXIT_ON_ZERO_ACTIVE_CONNECTIONS: "false"}\n'
                            }
                        }
                    }
                }
            },
            name="no-drain",
            says="requests were lost when a pod ended",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A pod that left: the calls all the while, those that it answered, and how long its proxy took to end.

    `declared_s` is its drain; `took_s` is None for a proxy that did not end in that time.
    """

    flow: Flow
    answered: int
    declared_s: float
    took_s: float | None


@checks(DRAIN)
def test_a_pod_that_ends_loses_no_request(mesh_alone: Mesh, as_built: Declaration) -> None:
    """One more pod of payments is called as its share is, and told to end as a kubelet tells it."""
    findings = judge([_left(mesh_alone, as_built)], _is_unnoticed)

    assert not findings.broken, findings.table()


def _left(mesh: Mesh, as_built: Declaration) -> Observed[Left]:
    like = mesh.process(SERVICE)
    declared_s = _drain_s(as_built, like)
    with leased() as addresses, guest(mesh, like, name=GUEST, addresses=addresses) as pod:
        left = _watched(mesh, pod, declared_s)
    if left.took_s is not None:
        measure("end of a pod's proxy after it was told to", left.took_s, "s", objective=declared_s + LATE_S)
    measure("requests lost when a pod ended", len(left.flow.failed), "requests", objective=0)
    record = as_built.by_address[like.workload]
    return Observed(address=record.address, place=record.place, value=left, assurance=Assurance.OBSERVED_UNDER_FAULT)


def _watched(mesh: Mesh, pod: ProcessState, declared_s: float) -> Left:
    """Calls, the end of the pod in the midst of them, and calls until its proxy is gone."""
    with ExitStack() as endpoint:
        endpoint.enter_context(joined(mesh, pod))
        with flowing(_calls(mesh)) as flow:
            until(lambda: len(_answers(flow)) >= ANSWERS, bool, within_s=STARTS_WITHIN_S, what=f"answers of {GUEST}")
            os.kill(pod.proxy_pid, signal.SIGTERM)
            endpoint.close()
            took_s = _ended(pod.proxy_pid, declared_s + LATE_S)
    return Left(flow=flow, answered=len(_answers(flow)), declared_s=declared_s, took_s=took_s)


def _calls(mesh: Mesh) -> Stream:
    request = Request(host=HOST, path=f"/{SERVICE}?{LASTS}", method="POST")
    return Stream(name=CALLS, address=mesh.process("orders").outbound, port=PORT, request=request, per_s=PER_S)


def _answers(flow: Flow) -> list[Arrival]:
    return [one for one in flow.of(CALLS) if one.by == GUEST]


def _ended(pid: int, within_s: float) -> float | None:
    """Seconds until a process is gone, or None. One that ended and that its parent has not looked at yet is gone."""

    def is_gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    try:
        return until(is_gone, bool, within_s=within_s, what=f"the end of process {pid}").seconds
    except NotYet:
        return None


def _drain_s(as_built: Declaration, process: ProcessState) -> float:
    """How long the pods of a workload drain: what their annotation says."""
    spec: Any = as_built.by_address[process.workload].values["spec"]
    text = spec["template"]["metadata"]["annotations"]["proxy.istio.io/config"]
    return seconds(YAML(typ="safe").load(text)["terminationDrainDuration"])


def _is_unnoticed(seen: Observed[Left]) -> Iterator[str]:
    left = seen.value
    if left.flow.failed:
        yield f"{len(left.flow.failed)} of {len(left.flow.arrivals)} requests were lost when a pod ended: {left.flow.failed[0]}"
    if left.took_s is None:
        yield f"its proxy has not ended {left.declared_s + LATE_S:.0f} s after it was told to"
