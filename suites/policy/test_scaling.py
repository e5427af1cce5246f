"""Scaling: autoscalers that reach the declared peak, within quotas that allow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import parts_of, within
from suites.policy.parity import counterparts, differences
from suites.policy.quantities import amount as quantity
from suites.policy.workloads import WORKLOADS, containers, pod_labels, selects

_HPA = "https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/"
_ORDERS = "primary:shop/orders"
Key = tuple[str, str]

AUTOSCALED = Control(
    id="SCALE-001",
    title="Every autoscaler MUST scale a declared workload on what it requests, with room in both directions",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=_HPA,
    remedy="Point scaleTargetRef at the workload, state its CPU request, let the peak be several times the minimum.",
    frameworks={"nist": "CP-2", "soc2": "A1.1"},
    relates=("HorizontalPodAutoscaler", "Rollout", "Deployment"),
    mutants=[
        edit(
            "HorizontalPodAutoscaler",
            _ORDERS,
            {"spec": {"scaleTargetRef": {"name": "order"}}},
            says="scales Rollout/order, which is not declared",
        ),
        edit("HorizontalPodAutoscaler", _ORDERS, {"spec": {"minReplicas": 20}}, says="grows only from 20 to 40"),
        edit(
            "HorizontalPodAutoscaler",
            _ORDERS,
            {"spec": {"metrics": [{"containerResource": {"target": {"averageUtilization": 95}}}]}},
            says="aims at 95 %",
        ),
    ],
)
#: Below, half of what is paid for idles; above, a new pod comes too late for the load that called it.
AIM: Final = (40, 80)
#: One pod may be lost to a node at any time.
LEAST: Final = 2
#: The peak is at least this many times the quiet size, or the autoscaler is a constant.
GROWTH: Final = 2.5


@checks(AUTOSCALED)
def test_autoscalers_scale_something(platform: Platform) -> None:
    """Each autoscaler has a target, a measure it can compute and a range."""
    targets = {(one.site, one.namespace, one.kind, one.name): one for one in platform.all(*WORKLOADS)}

    def scales(hpa: Item) -> Iterator[str]:
        reference = (hpa.text("spec.scaleTargetRef.kind"), hpa.text("spec.scaleTargetRef.name"))
        target = targets.get((hpa.site, hpa.namespace, *reference))
        if target is None:
            yield f"scales {'/'.join(reference)}, which is not declared"
        low, high = hpa.number("spec.minReplicas") or 0, hpa.number("spec.maxReplicas") or 0
        if low < LEAST or high < low * GROWTH:
            yield f"grows only from {low:g} to {high:g}"
        metrics = hpa.mappings("spec.metrics")
        if not metrics:
            yield "measures nothing"
        for metric in metrics:
            yield from _measures(metric, target)
        if target and target.label("app.kubernetes.io/part-of") != hpa.label("app.kubernetes.io/part-of"):
            yield "is not labelled as what it scales"

    findings = judge(platform.all("HorizontalPodAutoscaler"), scales)

    assert not findings.broken, findings.table()


def _measures(metric: Mapping[str, object], target: Item | None) -> Iterator[str]:
    source = metric.get("containerResource") or metric.get("resource")
    if not isinstance(source, Mapping):
        if str(metric.get("type")) in ("ContainerResource", "Resource"):
            yield "measures nothing"
        return
    aim = source.get("target")
    used = aim.get("averageUtilization") if isinstance(aim, Mapping) else None
    if not within(quantity(used), *AIM):
        yield f"aims at {used} %, not at {AIM[0]} to {AIM[1]}"
    name = source.get("container")
    asked = [one for _, one in containers(target) if name in (None, one.get("name"))] if target else []
    for one in asked:
        if not _request(one, str(source.get("name"))):
            yield f"{one.get('name')} does not request {source.get('name')}"
    if target and not asked:
        yield f"measures container {name}, which its target does not have"


def _request(container: Mapping[str, object], resource: str) -> float:
    resources = container.get("resources")
    requests = resources.get("requests") if isinstance(resources, Mapping) else None
    return quantity(requests.get(resource)) or 0.0 if isinstance(requests, Mapping) else 0.0


PACED = Control(
    id="SCALE-002",
    title="Every autoscaler MUST grow at once and shrink slowly",
    system="scaling",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source=f"{_HPA}#configurable-scaling-behavior",
    remedy="State behavior.scaleUp by percent and by pods without a window, behavior.scaleDown by percent with one.",
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        edit(
            "HorizontalPodAutoscaler",
            _ORDERS,
            {"spec": {"behavior": {"scaleUp": {"stabilizationWindowSeconds": 600}}}},
            says="waits 600 s before it grows",
        ),
        edit(
            "HorizontalPodAutoscaler",
            _ORDERS,
            {"spec": {"behavior": {"scaleDown": {"policies": [{"value": 100}]}}}},
            says="scaleDown Percent 100",
        ),
    ],
)
#: Seconds: growth within one look of the autoscaler; what was needed minutes ago is kept.
GROWS_AFTER: Final = (0, 30)
SHRINKS_AFTER: Final = (120, 1800)
#: At most doubling or a few pods in a quarter of a minute up; at most half in a minute down.
PACE: Final = {("scaleUp", "Percent"): (50, 200), ("scaleUp", "Pods"): (2, 20), ("scaleDown", "Percent"): (5, 50)}
PERIOD: Final = {"scaleUp": (10, 60), "scaleDown": (30, 300)}
_REQUIRED: Final = (("scaleUp", "Percent"), ("scaleDown", "Percent"))


@checks(PACED)
def test_autoscalers_keep_pace(platform: Platform) -> None:
    """A peak is met within a minute; a pause in it does not throw away what was started."""
    findings = judge(platform.all("HorizontalPodAutoscaler"), _keeps_pace)

    assert not findings.broken, findings.table()


def _keeps_pace(hpa: Item) -> Iterator[str]:
    if not hpa.has("spec.behavior.scaleUp.policies") and not hpa.has("spec.behavior.scaleDown.policies"):
        return  # the API's defaults double within 15 s and look back 5 min
    for way, bounds, verb in (("scaleUp", GROWS_AFTER, "grows"), ("scaleDown", SHRINKS_AFTER, "shrinks")):
        window = hpa.number(f"spec.behavior.{way}.stabilizationWindowSeconds")
        if not within(window, *bounds):
            yield f"waits {window or 0:g} s before it {verb}"
    seen = set()
    for way, period in PERIOD.items():
        policies = hpa.mappings(f"spec.behavior.{way}.policies")
        for policy in policies:
            kind = (way, str(policy.get("type")))
            seen.add(kind)
            if not within(quantity(policy.get("value")), *PACE.get(kind, (1, 1))):
                yield f"{way} {kind[1]} {policy.get('value')} is outside {PACE.get(kind, 'the known')}"
            if not within(quantity(policy.get("periodSeconds")), *period):
                yield f"{way} every {policy.get('periodSeconds')} s is outside {period}"
        if hpa.text(f"spec.behavior.{way}.selectPolicy") == "Max" and len(policies) == 1:
            yield f"{way} chooses among one policy"
    for kind in _REQUIRED:
        if kind not in seen:
            yield f"does not say how fast {kind[0]} is"


WITHIN_QUOTA = Control(
    id="SCALE-003",
    title="Every namespace's quota MUST hold its declared peak, and little more",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    remedy="Raise the quota above the sum of maxReplicas times requests, sidecars included.",
    frameworks={"nist": "SC-6", "soc2": "A1.1"},
    relates=("ResourceQuota", "HorizontalPodAutoscaler", "Rollout", "HelmRelease"),
    mutants=[
        edit(
            "ResourceQuota",
            "primary:shop/compute",
            {"spec": {"hard": {"requests.cpu": "8"}}},
            says="holds 8 requests.cpu, its peak asks for",
        ),
        edit("HorizontalPodAutoscaler", _ORDERS, {"spec": {"maxReplicas": 900}}, says="its peak asks for"),
        edit("ResourceQuota", "primary:shop/compute", {"spec": {"hard": {"pods": "20000"}}}, says="holds 20000 pods"),
    ],
)
#: A quota an order of magnitude above the peak stops nothing that runs away.
HEADROOM: Final = 12.0
#: Where little is asked for, a node's worth of cores and memory, and a pod for each node: charts bring agents too.
SMALLEST: Final = {"cpu": 8.0, "memory": 16 * 2.0**30, "pods": 250.0}
_MEASURES: Final = {"requests.cpu": "cpu", "requests.memory": "memory", "limits.memory": "memory", "pods": "pods"}


@checks(WITHIN_QUOTA)
def test_peaks_fit_their_quota(platform: Platform) -> None:
    """No autoscaler stops short of its peak because the namespace is full, and no quota is without effect."""
    peaks = peaks_by_namespace(platform)

    def holds(quota: Item) -> Iterator[str]:
        peak = peaks.get((quota.site, quota.namespace), {})
        for measure, name in _MEASURES.items():
            held, asked = quantity(quota.get(("spec", "hard", measure))), peak.get(name, 0.0)
            if held is None:
                yield f"does not bound {measure}"
            elif held < asked or held > max(asked * HEADROOM, SMALLEST[name]):
                yield f"holds {held:g} {measure}, its peak asks for {asked:g}"

    findings = judge(platform.all("ResourceQuota"), holds)

    assert not findings.broken, findings.table()


def peaks_by_namespace(platform: Platform) -> dict[Key, dict[str, float]]:
    """Cores, bytes and pods that each namespace asks for when every autoscaler is at its maximum."""
    most = {
        (one.site, one.namespace, one.text("spec.scaleTargetRef.name")): one.number("spec.maxReplicas") or 0.0
        for one in platform.all("HorizontalPodAutoscaler")
    }
    peaks: dict[Key, dict[str, float]] = {}
    for one in platform.all("Deployment", "Rollout", "StatefulSet"):
        replicas = most.get((one.site, one.namespace, one.name), one.number("spec.replicas") or 1.0)
        notes = one.mapping("spec.template.metadata.annotations")
        cpu = sum(_request(c, "cpu") for _, c in containers(one)) + (
            quantity(notes.get("sidecar.istio.io/proxyCPU")) or 0
        )
        memory = sum(_request(c, "memory") for _, c in containers(one))
        memory += quantity(notes.get("sidecar.istio.io/proxyMemory")) or 0
        _add(peaks, (one.site, one.namespace), replicas, cpu, memory)
    for release in platform.all("HelmRelease"):
        for part in parts_of(release):
            requests = part.requests
            place = (release.site, release.text("spec.targetNamespace") or release.namespace)
            _add(
                peaks,
                place,
                quantity(part.replicas) or 1.0,
                *(quantity(requests.get(k)) or 0 for k in ("cpu", "memory")),
            )
    return peaks


def _add(peaks: dict[Key, dict[str, float]], place: Key, replicas: float, cpu: float, memory: float) -> None:
    peak = peaks.setdefault(place, {"cpu": 0.0, "memory": 0.0, "pods": 0.0})
    peak["cpu"] += replicas * cpu
    peak["memory"] += replicas * memory
    peak["pods"] += replicas


SAME_PEAK = Control(
    id="SCALE-004",
    title="Every site MUST be able to take the same peak, in the same namespaces, at the same pace",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html",
    remedy="Let the sites differ in their minimum only: a warm standby is smaller, not lower.",
    frameworks={"nist": "CP-7", "hipaa": "164.308(a)(7)(ii)(B)", "soc2": "A1.2"},
    mutants=[
        edit(
            "HorizontalPodAutoscaler",
            "standby:shop/orders",
            {"spec": {"maxReplicas": 20}},
            says="differs from the other site at maxReplicas",
        ),
        edit(
            "ResourceQuota",
            "standby:shop/compute",
            {"spec": {"hard": {"pods": "100"}}},
            says="differs from the other site at hard.pods",
        ),
    ],
)
_SHARED: Final = (
    "HorizontalPodAutoscaler",
    "LimitRange",
    "PodDisruptionBudget",
    "PriorityClass",
    "ResourceQuota",
    "VerticalPodAutoscaler",
)


@checks(SAME_PEAK)
def test_sites_take_the_same_peak(platform: Platform) -> None:
    """After a failover the standby grows to what the primary was."""
    scaled = {(one.site, one.namespace) for one in platform.all("HorizontalPodAutoscaler")}
    apart: dict[str, list[str]] = {}
    for one, two in counterparts(platform, *_SHARED):
        path = "" if one.kind == "PriorityClass" else "spec"
        found = _decisions(one, two) if not path else differences(one, two, path, texts=True, but=("minReplicas",))
        if one.kind != "ResourceQuota" or (one.site, one.namespace) in scaled:
            apart.setdefault(two.address, []).extend(found)

    def same(item: Item) -> list[str]:
        return [f"differs from the other site at {path}" for path in apart.get(item.address, [])]

    findings = judge(platform.all(*_SHARED), same)

    assert not findings.broken, findings.table()


def _decisions(one: Item, two: Item) -> list[str]:
    return [key for key in ("value", "globalDefault", "preemptionPolicy") if one.get(key) != two.get(key)]


DISRUPTABLE = Control(
    id="SCALE-005",
    title="Every workload of more than one pod MUST have a disruption budget that keeps one and frees one",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    remedy="Declare a PodDisruptionBudget whose selector takes the pods and whose maxUnavailable is below the minimum.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    relates=("PodDisruptionBudget", "HorizontalPodAutoscaler", "Rollout"),
    mutants=[
        remove("PodDisruptionBudget", _ORDERS, says="has no disruption budget"),
        edit("PodDisruptionBudget", _ORDERS, {"spec": {"maxUnavailable": 0}}, says="lets 0 of"),
        edit(
            "PodDisruptionBudget",
            _ORDERS,
            {"spec": {"selector": {"matchLabels": {"app": "order"}}}},
            says="protects nothing",
        ),
    ],
)


@checks(DISRUPTABLE)
def test_workloads_can_be_disrupted(platform: Platform) -> None:
    """A node is drained without an outage, and without waiting forever."""
    least = {
        (one.site, one.namespace, one.text("spec.scaleTargetRef.name")): one.number("spec.minReplicas") or 1.0
        for one in platform.all("HorizontalPodAutoscaler")
    }
    workloads, budgets = platform.all("Deployment", "Rollout", "StatefulSet"), platform.all("PodDisruptionBudget")
    operated = {(one.site, one.namespace) for one in platform.all("Prometheus", "Alertmanager.monitoring.coreos.com")}

    def size(one: Item) -> float:
        return least.get((one.site, one.namespace, one.name), one.number("spec.replicas") or 1.0)

    def protected(workload: Item) -> str | None:
        known = any(_protects(budget, workload) for budget in budgets)
        return "has no disruption budget" if size(workload) > 1 and not known else None

    def leaves_room(budget: Item) -> Iterator[str]:
        mine = [one for one in workloads if _protects(budget, one)]
        if not mine and (budget.site, budget.namespace) not in operated:
            yield "protects nothing"
        for one in mine:
            spare = budget.number("spec.maxUnavailable")
            kept = budget.number("spec.minAvailable")
            free = spare if spare is not None else size(one) - (kept or 0)
            if not within(free, 1, max(1.0, size(one) - 1)):
                yield f"lets {free:g} of {size(one):g} pods of {one.name} go"
            if one.label("app.kubernetes.io/part-of") != budget.label("app.kubernetes.io/part-of"):
                yield "is not labelled as what it protects"

    covered, roomy = judge(workloads, protected), judge(budgets, leaves_room)

    assert not roomy.broken, roomy.table()
    assert not covered.broken, covered.table()


def _protects(budget: Item, workload: Item) -> bool:
    selector = budget.mapping("spec.selector")
    same = (budget.site, budget.namespace) == (workload.site, workload.namespace)
    return same and bool(selector) and selects(selector, pod_labels(workload))
