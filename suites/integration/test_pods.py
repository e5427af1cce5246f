"""Whether the declared workloads run as pods: started by a kubelet under every admission and limit, and taken away."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest

from fixtures.eviction import Drain
from fixtures.notes import note
from fixtures.workloads import KINDS, Workloads, settled
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.plugin import SETTINGS
from meshproof.probes.template import template_differences
from meshproof.probes.workload import State, Workload
from meshproof.targets import chosen_target

#: What is wrong with one thing, asked when it is judged.
Complaints = Callable[[], Iterable[str]]

#: Pods are processes on the embedded target. Those of a live site are evicted where --allow-disruption names it.
SHOWN_BY = ("kind", "live")

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
    """How they are spread over nodes and zones is not shown."""
    findings = judge(_started_pods(workloads), lambda seen: seen.value())

    assert not findings.broken, findings.table()


def _started_pods(workloads: Workloads) -> Iterator[Observed[Complaints]]:
    look = _started if workloads.target.changes else _stands
    for item, workload in workloads.running:
        yield workloads.observed(item, partial(look, item, workload))
    yield from _elsewhere(workloads, *KINDS)


def _started(item: Item, workload: Workload) -> Iterator[str]:
    state = settled(item, workload)
    yield from _otherwise(workload, state) if state.is_settled else workload.troubles(state)


def _stands(item: Item, workload: Workload) -> Iterator[str]:
    """A live workload is as it is found: one that is being rolled out is not waited for."""
    state = workload.state()
    if state.is_settled and state.pods:
        yield from _otherwise(workload, state)
        return
    yield from workload.troubles(state, is_new=False)
    ready, restarts = sum(one.is_ready for one in state.pods), sum(one.restarts for one in state.pods)
    message = f"{item.address} is not settled: {ready} of {len(state.pods)} pods ready, {restarts} restarts"
    raise ProbeError(message)


def _otherwise(workload: Workload, state: State) -> Iterator[str]:
    for pod in state.pods:
        yield from (f"{pod.name}: {one}" for one in template_differences(workload.pod["spec"], pod.spec))


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
        remove("PodDisruptionBudget", "primary:shop/orders", says="all of its 2 pods could be evicted at once"),
        edit(
            "PodDisruptionBudget",
            "standby:shop/catalogue",
            {"spec": {"maxUnavailable": 2}},
            says="all of its 2 pods could be evicted at once",
        ),
        edit("PodDisruptionBudget", "primary:shop/payments", {"spec": {"maxUnavailable": 0}}, says="lets no pod go"),
    ],
)


@checks(BUDGETS)
def test_a_budget_keeps_pods_from_eviction(workloads: Workloads, pytestconfig: pytest.Config) -> None:
    """One pod of each workload goes, once its budget's own numbers are right; then the next is asked for in a dry run."""
    without = [item.address for item, workload in workloads.running if not _budgets(item, workload)]
    if without:
        says = f"no budget is declared for {', '.join(without)}: none of their pods was evicted"
        note(pytestconfig, [says], subject="eviction", target=chosen_target(pytestconfig.stash[SETTINGS]))
    findings = judge(_drained(workloads), lambda seen: seen.value())

    assert not findings.broken, findings.table()


def _drained(workloads: Workloads) -> Iterator[Observed[Complaints]]:
    drain = Drain(workloads=workloads)
    for item, workload in workloads.running:
        for budget in _budgets(item, workload):
            yield workloads.observed(budget, partial(drain.complaints, item, workload, budget))
    yield from _elsewhere(workloads, "PodDisruptionBudget")


def _budgets(item: Item, workload: Workload) -> list[Item]:
    labels = dict(workload.pod["metadata"]["labels"]).items()
    budgets = item.platform.all("PodDisruptionBudget", site=item.site, namespace=item.namespace)
    return [one for one in budgets if dict(one.mapping("spec.selector.matchLabels")).items() <= labels]


def _elsewhere(workloads: Workloads, *kinds: str) -> Iterator[Observed[Complaints]]:
    """What is declared for a site that this run does not look at, so that it is never taken for kept."""
    for one in workloads.clusters.platform.all(*kinds):
        if one.site not in workloads.clusters.apis:
            look = partial(workloads.clusters.unseen, one.site)
            yield Observed(address=one.address, place=one.place, value=look, assurance=one.assurance)
