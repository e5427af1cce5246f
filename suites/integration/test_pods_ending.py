"""What becomes of a pod that no longer answers, and of the requests to one that is told to end."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fixtures.workloads import Workloads, service_of, settled
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item
from meshproof.errors import NotYet, ProbeError
from meshproof.measurement import measure
from meshproof.observation import Observed
from meshproof.probes.workload import Pod, Workload
from meshproof.waiting import Waited, throughout, until
from suites.policy.quantities import seconds

#: Pods are processes on the embedded target, and a live one is not disturbed.
SHOWN_BY = ("kind",)
_EVERY_S: Final = 0.25
_DRAIN: Final = re.compile(r"terminationDrainDuration: (\d+)s")
#: A request takes this long at most on a busy machine: who asks as late as the last moment is answered after it.
_ANSWERED_WITHIN_S: Final = 2.0
#: Told to end, Istio's echo server goes on for as long as it is asked once a second: asked less often, it does not hide
#: what preStop gives.
_SELDOM_S: Final = 2.0
#: The way to a pod leads through the API server, which may have to be told of the pod first.
_REACHED_WITHIN_S: Final = 30.0
_OK: Final = 200

LEAVES = Control(
    id="POD-003",
    title="A pod that no longer answers MUST be out of its Service before its liveness probe would restart it",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#types-of-probe",
    remedy="Let the readiness probe fail sooner than the liveness probe: a shorter period, or fewer failures.",
    targets=SHOWN_BY,
    relates=("Rollout", "Service"),
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"readinessProbe": {"failureThreshold": 60}}]}}}},
            says="is still sent requests",
        ),
    ],
)


@checks(LEAVES)
def test_a_frozen_pod_leaves_its_service(workloads: Workloads) -> None:
    """One pod of each workload is frozen: it keeps its connections open and answers nothing."""
    left = workloads.each(lambda item, workload: _leaves(workloads, item, workload))
    for one in left:
        if isinstance(one.value, Waited):
            measure("frozen until no longer sent requests", one.value.seconds, "s")

    findings = judge(left, _has_left)

    assert not findings.broken, findings.table()


def _leaves(workloads: Workloads, item: Item, workload: Workload) -> Waited[set[str]] | NotYet:
    """How long callers were still sent to a frozen pod, which is ended in the end."""
    pod = _one(item, workload)
    service = service_of(item, workload)
    until(lambda: workload.found(service), lambda found: pod.name in found, within_s=_seconds(workload, "readiness"))
    workloads.target.freeze(pod)
    try:
        return until(
            lambda: workload.found(service),
            lambda found: pod.name not in found,
            within_s=_seconds(workload, "liveness"),
            every_s=_EVERY_S,
        )
    except NotYet as error:
        return error
    finally:
        workload.api.end(pod.namespace, pod.name, within_s=0)


def _has_left(seen: Observed[Waited[set[str]] | NotYet]) -> str | None:
    if isinstance(seen.value, NotYet):
        return f"a pod that answers nothing is still sent requests after {seen.value.within_s:g} s: it restarts first"
    return None


def _one(item: Item, workload: Workload) -> Pod:
    state = settled(item, workload)
    if not state.is_settled:
        message = f"{item.address} does not run: {'; '.join(workload.troubles(state))}"
        raise ProbeError(message)
    return state.pods[0]


def _seconds(workload: Workload, probe: str) -> float:
    if not (found := workload.probe_s(probe)):
        message = f"{workload.namespace}/{workload.name} declares no {probe} probe"
        raise ProbeError(message)
    return found


ENDS = Control(
    id="POD-004",
    title="A pod that is told to end MUST answer for as long as its sidecar drains, and finish what it has begun",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination",
    remedy="Let preStop sleep for terminationDrainDuration, within terminationGracePeriodSeconds.",
    targets=SHOWN_BY,
    relates=("Rollout", "VirtualService"),
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"lifecycle": {"preStop": {"sleep": {"seconds": 1}}}}]}}}},
            says="no longer answers",
        ),
        edit(
            "Rollout",
            "standby:shop/catalogue",
            {"spec": {"template": {"spec": {"containers": [{"lifecycle": None}]}}}},
            says="no longer answers",
        ),
    ],
)


@checks(ENDS)
def test_a_pod_that_ends_answers_until_nobody_calls_it(workloads: Workloads) -> None:
    """One request that takes as long as its route allows is in flight; callers that know nothing yet go on asking."""
    findings = judge(workloads.each(_ending), lambda seen: seen.value)

    assert not findings.broken, findings.table()


def _ending(item: Item, workload: Workload) -> list[str]:
    pod, port = _one(item, workload), workload.pod["spec"]["containers"][0]["ports"][0]["containerPort"]
    drain_s, longest_s = _drain_s(item), _longest_s(item)

    def ask(path: str) -> int:
        return workload.api.ask_pod(pod.namespace, pod.name, port, path)[0]

    with ThreadPoolExecutor(1) as pool:
        until(lambda: ask("/"), lambda status: status == _OK, within_s=_REACHED_WITHIN_S, what=f"{pod.name} reached")
        in_flight = pool.submit(ask, f"/?delay={longest_s:g}s")
        until(in_flight.running, bool, within_s=_ANSWERED_WITHIN_S)
        workload.api.end(pod.namespace, pod.name)
        drained = throughout(
            lambda: ask("/"), lambda status: status == _OK, for_s=drain_s - _ANSWERED_WITHIN_S, every_s=_SELDOM_S
        )
        finished = in_flight.result()
    said = f"no longer answers {drained.seconds:.1f} s after it was told to end; callers are drained for {drain_s:g} s"
    return [*(() if drained.held else (said,)), *(() if finished == _OK else ("breaks off a request in flight",))]


def _drain_s(item: Item) -> float:
    """For how long its sidecar goes on serving, which is how long callers may take to hear that it ends."""
    declared = item.text(("spec", "template", "metadata", "annotations", "proxy.istio.io/config"))
    if (found := _DRAIN.search(declared)) is None:
        message = f"{item.address} declares no terminationDrainDuration"
        raise ProbeError(message)
    return float(found[1])


def _longest_s(item: Item) -> float:
    """What its own routes allow one request."""
    routes = [
        seconds(route.get("timeout"))
        for one in item.platform.all("VirtualService", site=item.site, namespace=item.namespace)
        if one.name == item.name
        for route in one.mappings("spec.http")
    ]
    if not (declared := [one for one in routes if one]):
        message = f"{item.address}: its routes declare no timeout"
        raise ProbeError(message)
    return max(declared)


RESTARTS = Control(
    id="POD-005",
    title="A pod that no longer answers MUST be restarted once its liveness probe and its grace period are over",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restarts",
    remedy="Declare a liveness probe that fails when the program no longer answers.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"livenessProbe": None}]}}}},
            says="was not restarted",
        ),
    ],
)


@checks(RESTARTS)
def test_a_frozen_pod_is_restarted(workloads: Workloads) -> None:
    """One pod of each workload is frozen, so it also ignores that it is told to end."""
    again = workloads.each(lambda item, workload: _restarts(workloads, item, workload))
    for one in again:
        if isinstance(one.value, Waited):
            measure("frozen until restarted", one.value.seconds, "s")

    findings = judge(again, _is_restarted)

    assert not findings.broken, findings.table()


def _restarts(workloads: Workloads, item: Item, workload: Workload) -> Waited[int] | NotYet:
    pod = _one(item, workload)
    grace_s = float(workload.pod["spec"].get("terminationGracePeriodSeconds", 30))
    within_s = _seconds(workload, "liveness") + grace_s + _seconds(workload, "startup")
    workloads.target.freeze(pod)

    def restarts() -> int:
        return next((one.restarts for one in workload.pods() if one.name == pod.name), 0)

    try:
        return until(restarts, lambda count: count > pod.restarts, within_s=within_s, every_s=1.0)
    except NotYet as error:
        return error
    finally:
        workload.api.end(pod.namespace, pod.name, within_s=0)


def _is_restarted(seen: Observed[Waited[int] | NotYet]) -> str | None:
    if isinstance(seen.value, NotYet):
        return f"a pod that answers nothing was not restarted within {seen.value.within_s:g} s"
    return None
