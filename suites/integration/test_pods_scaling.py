"""Whether the declared autoscalers add pods to the workloads that run, as far as they may and no further."""

from contextlib import ExitStack
from functools import partial
from typing import Final

from fixtures.workloads import Workloads, settled
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item
from meshproof.errors import NotYet, ProbeError
from meshproof.measurement import measure
from meshproof.observation import Observed
from meshproof.probes.autoscaler import Autoscaler, Reading
from meshproof.probes.workload import Pod, State, Workload
from meshproof.waiting import Waited, throughout, ticking, until

HPA = "https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/"
#: Pods are processes on the embedded target, and nobody puts load on a live one.
SHOWN_BY = ("kind",)
#: Metrics are taken every 15 s and read every 15 s, twice for a pod that has just become ready.
_READ_WITHIN_S: Final = 90.0
#: The same, and the start of a pod: a window that keeps an autoscaler from growing for longer is found out.
_GROWS_WITHIN_S: Final = 120.0
#: An autoscaler looks every 15 s: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
_KEPT_FOR_S: Final = 20.0
#: Closer to its target it changes nothing: the controller's tolerance of a tenth.
_NOTICED: Final = 1.1
#: Each pod, one request after the other: it takes half a thousandth of a core for ten in a second.
_ASKED_EVERY_S: Final = 0.05

SCALES = Control(
    id="POD-006",
    title="An autoscaler MUST read what it scales by, and add pods under load as far as its bounds allow and no further",
    system="scaling",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source=f"{HPA}#algorithm-details",
    remedy="Measure a container that the pods have, point scaleTargetRef at what has them, and let it grow at once.",
    targets=SHOWN_BY,
    relates=("HorizontalPodAutoscaler", "Rollout"),
    frameworks={"nist": "CP-2", "soc2": "A1.1"},
    mutants=[
        edit(
            "HorizontalPodAutoscaler",
            "primary:shop/orders",
            {"spec": {"metrics": [{"containerResource": {"container": "nobody"}}]}},
            says="does not scale: ",
        ),
        edit(
            "HorizontalPodAutoscaler",
            "primary:shop/payments",
            {"spec": {"scaleTargetRef": {"name": "nobody"}}},
            says="does not scale: ",
        ),
        edit(
            "HorizontalPodAutoscaler",
            "standby:shop/catalogue",
            {"spec": {"minReplicas": 2, "maxReplicas": 2}},
            says="has 2 pods, and may have 3",
        ),
        edit(
            "HorizontalPodAutoscaler",
            "primary:shop/catalogue",
            {"spec": {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 600}}}},
            says="has 2 pods, and may have 3",
        ),
    ],
)


@checks(SCALES)
def test_an_autoscaler_adds_pods_under_load(autoscaled: Workloads) -> None:
    """Each pod is asked as often as takes it over the target; that pods go again, minutes later, is not awaited."""
    grown = autoscaled.each(lambda item, workload: _grows(autoscaled, item, workload))
    for one in grown:
        if isinstance(one.value, Waited):
            measure("under load until a pod more was ready", one.value.seconds, "s")

    findings = judge(grown, _has_grown)

    assert not findings.broken, findings.table()


def _has_grown(seen: Observed[Waited[State] | str]) -> str | None:
    return seen.value if isinstance(seen.value, str) else None


def _grows(autoscaled: Workloads, item: Item, workload: Workload) -> Waited[State] | str:
    """How long it took to have all the pods that it may have, or why it does not come to that."""
    scaler = Autoscaler(workload.api, autoscaled.given(item))
    workload.restore()
    pods = settled(item, workload).pods
    if trouble := _awaken(item, scaler):
        return f"does not scale: {trouble}"
    try:
        with ExitStack() as load:
            for pod in pods:
                load.enter_context(ticking(partial(_ask, workload, pod), every_s=_ASKED_EVERY_S))
            return _grown(item, scaler, workload)
    finally:
        workload.restore()


def _awaken(item: Item, scaler: Autoscaler) -> str:
    """Wait until it reads what it scales by, and that at rest: what was before may be in it; why it does not read."""
    try:
        until(scaler.reading, _is_at_rest, within_s=_READ_WITHIN_S, every_s=1.0)
    except NotYet:
        read = scaler.reading()
        if read.used_share is None:
            return read.trouble or "it measures no share of what is requested"
        message = f"{item.address}: {read.used_share:.0%} of its target is used before anybody asks anything"
        raise ProbeError(message) from None
    return ""


def _is_at_rest(read: Reading) -> bool:
    return read.used_share is not None and read.used_share <= _NOTICED


def _ask(workload: Workload, pod: Pod) -> None:
    port = workload.pod["spec"]["containers"][0]["ports"][0]["containerPort"]
    workload.api.ask_pod(pod.namespace, pod.name, port, "/")


def _grown(item: Item, scaler: Autoscaler, workload: Workload) -> Waited[State] | str:
    try:
        grown = until(
            workload.state,
            lambda seen: seen.is_settled and len(seen.pods) >= scaler.most,
            within_s=_GROWS_WITHIN_S,
            every_s=1.0,
        )
    except NotYet:
        read = scaler.reading()
        if read.trouble:
            return f"does not scale: {read.trouble}"
        if not read.used_share or read.used_share <= _NOTICED:
            message = f"{item.address}: only {read.used_share or 0:.0%} of its target is used under load"
            raise ProbeError(message) from None
        return f"has {len(workload.pods())} pods, and may have {scaler.most} at {read.used_share:.0%} of its target"
    kept = throughout(
        lambda: len(workload.pods()),
        lambda count: scaler.least <= count <= scaler.most,
        for_s=_KEPT_FOR_S,
        every_s=1.0,
    )
    return grown if kept.held else f"has {kept.value} pods, and may have {scaler.least} to {scaler.most}"
