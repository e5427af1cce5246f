"""Whether the declared workloads run as pods: started by a kubelet under every admission and limit, and taken away."""

from collections.abc import Iterator

from fixtures.workloads import Workloads, settled
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.kubernetes import Answer
from meshproof.probes.standing import differences_of
from meshproof.probes.workload import Workload
from meshproof.waiting import until

#: Pods are processes on the embedded target, and a live one is not disturbed.
SHOWN_BY = ("kind",)
#: What of a pod its template decides alone; the rest is completed by the cluster.
_DECIDED = ("containers", "securityContext", "serviceAccountName", "priorityClassName", "terminationGracePeriodSeconds")
_TOO_MANY_REQUESTS = 429
#: The controller of budgets looks at pods once a change reached it; its own word for that is awaited.
_COUNTED_WITHIN_S = 60.0

AVAILABLE = Control(
    id="POD-001",
    title="Every pod of a declared workload MUST become ready as its probes allow, with what its template declares",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment",
    remedy="Correct what the kubelet, the quota, the limits or pod security name; or give its probes more time.",
    targets=SHOWN_BY,
    frameworks={"nist": "CM-6", "soc2": "A1.1"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/catalogue",
            {"spec": {"template": {"spec": {"containers": [{"readinessProbe": {"httpGet": {"port": 9}}}]}}}},
            says="is not ready although it may take",
        ),
        edit(
            "Rollout",
            "standby:shop/catalogue",
            {"spec": {"template": {"spec": {"serviceAccountName": "nobody"}}}},
            says='serviceaccount "nobody" not found',
        ),
    ],
)


@checks(AVAILABLE)
def test_every_pod_becomes_ready(workloads: Workloads) -> None:
    """One node runs them all: how they are spread over nodes and zones is not shown."""
    findings = judge(workloads.each(_started), lambda seen: seen.value)

    assert not findings.broken, findings.table()


def _started(item: Item, workload: Workload) -> list[str]:
    state = settled(item, workload)
    if not state.is_settled:
        return list(workload.troubles(state))
    declared = {name: value for name, value in workload.pod["spec"].items() if name in _DECIDED}
    return [f"{pod.name}: {one}" for pod in state.pods for one in differences_of(declared, pod.spec)]


BUDGETS = Control(
    id="POD-002",
    title="Whoever drains nodes MUST be able to evict a pod of a workload with a budget, and never all of them at once",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets",
    remedy="Let the budget's maxUnavailable or minAvailable leave at least one pod, and let at least one go.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        remove("PodDisruptionBudget", "primary:shop/orders", says="all of its 2 pods were evicted at once"),
        edit(
            "PodDisruptionBudget",
            "standby:shop/catalogue",
            {"spec": {"maxUnavailable": 2}},
            says="all of its 2 pods were evicted at once",
        ),
        edit("PodDisruptionBudget", "primary:shop/payments", {"spec": {"maxUnavailable": 0}}, says="lets no pod go"),
    ],
)


@checks(BUDGETS)
def test_a_budget_keeps_pods_from_eviction(workloads: Workloads) -> None:
    """Evicted one after the other, as fast as the API server answers."""
    findings = judge(_evicted(workloads), _some_but_not_all)

    assert not findings.broken, findings.table()


def _evicted(workloads: Workloads) -> Iterator[Observed[tuple[Answer, ...]]]:
    for item, workload in workloads.running:
        budget = next((one for one in _budgets(item) if _selects(one, workload)), None)
        if budget is not None:
            pods = settled(item, workload).pods
            _await_count(workload, budget, len(pods))
            yield workloads.observed(budget, tuple(workload.api.evict(one.namespace, one.name) for one in pods))


def _budgets(item: Item) -> list[Item]:
    return item.platform.all("PodDisruptionBudget", site=item.site, namespace=item.namespace)


def _selects(budget: Item, workload: Workload) -> bool:
    labels = workload.pod["metadata"]["labels"]
    return dict(budget.mapping("spec.selector.matchLabels")).items() <= dict(labels).items()


def _await_count(workload: Workload, budget: Item, pods: int) -> None:
    """Wait until the budget, where it is there, has counted all pods as healthy."""
    path = f"/apis/policy/v1/namespaces/{budget.namespace}/poddisruptionbudgets/{budget.name}"

    def has_counted() -> bool:
        there = workload.api.get(path)
        status = there.get("status", {})
        seen = status.get("observedGeneration") == there.get("metadata", {}).get("generation")
        return not there or (seen and status.get("currentHealthy") == pods)

    until(has_counted, bool, within_s=_COUNTED_WITHIN_S, every_s=0.2, what=f"the budget of {budget.name} counted")


def _some_but_not_all(seen: Observed[tuple[Answer, ...]]) -> str | None:
    refused = [one for one in seen.value if not one.accepted]
    other = [one for one in refused if one.status != _TOO_MANY_REQUESTS]
    if other:
        message = f"its pods could not be evicted: {other[0].says}"
        raise ProbeError(message)
    if not refused:
        return f"all of its {len(seen.value)} pods were evicted at once"
    return f"lets no pod go: {refused[0].says}" if len(refused) == len(seen.value) else None
