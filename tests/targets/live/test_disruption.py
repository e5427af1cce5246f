"""A live run that may disturb one site: evictions there, within the shipped rights and the budget, and no other write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import pytest
from ruamel.yaml import YAML

from fixtures.clusters import Clusters
from fixtures.eviction import Drain
from fixtures.workloads import Workloads
from meshproof.commands.rights import disruption_role
from meshproof.declaration.platform import Platform
from meshproof.errors import CannotSee, ProbeError, TargetError, UsageError
from meshproof.probes.budget import allowance
from meshproof.probes.kubernetes import Api
from meshproof.probes.workload import Workload
from meshproof.settings import Settings
from meshproof.targets.live.target import TARGET, Live, LiveSite
from meshproof.verdict import Assurance
from tests.targets.live.conftest import OBJECTS, Foreign, declaration
from tests.targets.live.controllers import Controllers, budget

Rules = list[dict[str, Any]]
READS = {"get", "list", "watch"}
_NUMBERS = count(1)


@pytest.fixture
def evictor_rules(reader_rules: Rules) -> Rules:
    """The rights that are shipped: to read, and what disruption takes beside."""
    return [*reader_rules, *YAML(typ="safe").load(disruption_role())["rules"]]


def deployment(app: str) -> dict[str, Any]:
    """A workload of two pods."""
    labels = {"app": app}
    template = {**OBJECTS[3]["spec"]["template"], "metadata": {"labels": labels}}
    spec = {**OBJECTS[3]["spec"], "selector": {"matchLabels": labels}, "template": template}
    return {**OBJECTS[3], "metadata": {"name": app, "namespace": "shop"}, "spec": spec}


def live(context: str, *, disturbed: str = "primary") -> Live:
    """The foreign cluster as the primary of a run."""
    return Live(sites=[LiveSite(name="primary", context=context)], disturbed=disturbed)


@pytest.fixture
def controllers(foreign: Foreign) -> Iterator[Controllers]:
    """A workload of its own for each test, with its pods and its budget."""
    app = f"workload-{next(_NUMBERS)}"
    for one in (deployment(app), budget(app)):
        answer = foreign.api.apply(one)
        assert answer.accepted, answer.says
    with closing(Controllers(foreign.server.credentials, app)) as found:
        found.make()
        yield found


@contextmanager
def draining(target: Live, app: str, unavailable: object = 1) -> Iterator[tuple[Drain, tuple[Any, ...]]]:
    """A drain of this run, and the declared workload with its budget."""
    things = (deployment(app), budget(app, unavailable))
    platform = Platform(declaration(*things))
    (item,), (declared,) = platform.all("Deployment"), platform.all("PodDisruptionBudget")
    with closing(target.api("primary")) as api:
        clusters = Clusters(
            apis={"primary": api}, assurance={"primary": Assurance.OBSERVED}, platform=platform, expected={}
        )
        workload = Workload(api, things[0])
        workloads = Workloads(clusters=clusters, target=target, running=[(item, workload)])
        yield Drain(workloads=workloads), (item, workload, declared)


def wrote(foreign: Foreign, account: str) -> list[str]:
    """What an account did beside reading, as the server has it in its own log."""
    rows = [one for one in foreign.audited(account) if one["verb"] not in READS]
    return [
        f"{one['verb']} {one['objectRef']['resource']}/{one['objectRef'].get('subresource')} "
        f"{'dry ' if 'dryRun=All' in one['requestURI'] else ''}{one['responseStatus']['code']}"
        for one in rows
    ]


@pytest.mark.usefixtures("kubeconfig")
def test_one_pod_goes_and_the_next_is_refused(foreign: Foreign, evictor_rules: Rules, controllers: Controllers) -> None:
    """With exactly the shipped rights; one eviction is real, and every other write of the run a dry run of one."""
    foreign.account("evictor", evictor_rules)
    before = controllers.pods()
    with draining(live("evictor"), controllers.app) as (drain, what), controllers.at_work():
        assert list(drain.complaints(*what)) == []

    create = "create pods/eviction"
    assert wrote(foreign, "evictor") == [f"{create} dry 201", f"{create} 201", f"{create} dry 429"]
    assert len(set(before) & set(controllers.pods())) == 1
    assert len(controllers.pods()) == 2


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("pods/eviction", r'cannot create resource "pods/eviction" .*; `meshproof rights disruption` prints them all'),
        ("pods", r'cannot list resource "pods" .*; `meshproof rights` prints them all'),
        ("poddisruptionbudgets", r'cannot list resource "poddisruptionbudgets" .*; `meshproof rights` prints'),
    ],
)
def test_one_right_less(
    foreign: Foreign, evictor_rules: Rules, controllers: Controllers, missing: str, says: str
) -> None:
    """Is unknown and named, and nothing was evicted."""
    name = f"less-{missing.replace('/', '-')}"
    rules = [{**one, "resources": [each for each in one["resources"] if each != missing]} for one in evictor_rules]
    foreign.account(name, [one for one in rules if one["resources"]])
    before = controllers.pods()
    with draining(live(name), controllers.app) as (drain, what), pytest.raises(ProbeError, match=says):
        list(drain.complaints(*what))

    assert controllers.pods() == before


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("counted", "says"),
    [
        ({"disruptionsAllowed": 0}, ["lets no pod go of 2"]),
        ({"disruptionsAllowed": 2}, ["all of its 2 pods could be evicted at once"]),
    ],
)
def test_a_wrong_budget_is_seen_before_anything_goes(
    foreign: Foreign, reader_rules: Rules, controllers: Controllers, counted: dict[str, int], says: list[str]
) -> None:
    """By the rights to read alone, and at a site that nobody allowed to disturb, too."""
    name = f"wrong-{counted['disruptionsAllowed']}"
    foreign.account(name, reader_rules)
    controllers.count(**counted)
    with draining(live(name, disturbed=""), controllers.app) as (drain, what):
        assert list(drain.complaints(*what)) == says

    assert wrote(foreign, name) == []


@pytest.mark.usefixtures("kubeconfig")
def test_no_more_go_than_are_declared(foreign: Foreign, evictor_rules: Rules, controllers: Controllers) -> None:
    """Where somebody changed the cluster's budget: what is declared holds, and nothing is evicted to show it."""
    foreign.account("declared", evictor_rules)
    with draining(live("declared"), controllers.app, 0) as (drain, what):
        assert list(drain.complaints(*what)) == ["lets 1 of its 2 pods go at once, declared are 0"]

    assert wrote(foreign, "declared") == []


@pytest.mark.usefixtures("kubeconfig")
def test_a_budget_that_is_not_there_is_said(foreign: Foreign, evictor_rules: Rules, controllers: Controllers) -> None:
    """And no pod is evicted, although each could be."""
    foreign.account("unbudgeted", evictor_rules)
    foreign.api.delete(budget(controllers.app))
    with draining(live("unbudgeted"), controllers.app) as (drain, what):
        (says,) = drain.complaints(*what)

    assert says == "all of its 2 pods could be evicted at once: its budget is not in the cluster"
    assert wrote(foreign, "unbudgeted") == []


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize("counted", [{"currentHealthy": 1}, {"observedGeneration": 0}, {"expectedPods": 3}])
def test_what_is_not_whole_is_left_alone(
    foreign: Foreign, evictor_rules: Rules, controllers: Controllers, counted: dict[str, int]
) -> None:
    """Unknown, with what is missing."""
    name = f"not-whole-{next(iter(counted)).lower()}"
    foreign.account(name, evictor_rules)
    controllers.count(**counted)
    with (
        draining(live(name), controllers.app) as (drain, what),
        pytest.raises(ProbeError, match=r"not whole, so it was left alone: 2 of 2 pods ready, \d of \d healthy"),
    ):
        list(drain.complaints(*what))

    assert wrote(foreign, name) == []


@pytest.mark.usefixtures("kubeconfig")
def test_after_a_pod_that_does_not_come_back_nothing_else_goes(
    foreign: Foreign, evictor_rules: Rules, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that cannot replace one pod would lose one of every workload."""
    monkeypatch.setattr("fixtures.eviction.deadline_s", lambda _: 1.0)
    foreign.account("stuck", evictor_rules)
    with draining(live("stuck"), controllers.app) as (drain, what):
        with pytest.raises(CannotSee, match="whole again after one of its pods was evicted; last seen"):
            list(drain.complaints(*what))
        controllers.make()
        with pytest.raises(ProbeError, match=rf"left alone: .*{controllers.app} is not whole again"):
            list(drain.complaints(*what))

    assert sum(not one.startswith("create pods/eviction dry") for one in wrote(foreign, "stuck")) == 1


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("disturbed", "says"),
    [("", "nothing was allowed to be: --allow-disruption primary lets"), ("standby", "only standby was allowed to be")],
)
def test_a_site_that_nobody_named_is_not_disturbed(
    foreign: Foreign, evictor_rules: Rules, controllers: Controllers, disturbed: str, says: str
) -> None:
    """Whatever its account may do: what can be read looks right, so it is unknown, and the option is named."""
    name = f"unnamed-{disturbed or 'none'}"
    foreign.account(name, evictor_rules)
    with (
        draining(live(name, disturbed=disturbed), controllers.app) as (drain, what),
        pytest.raises(TargetError, match=says),
    ):
        list(drain.complaints(*what))

    assert wrote(foreign, name) == []


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda api, _: api.apply(OBJECTS[2]), id="apply"),
        pytest.param(lambda api, _: api.apply(OBJECTS[2], dry_run=True), id="dry run"),
        pytest.param(lambda api, _: api.delete(OBJECTS[2]), id="delete"),
        pytest.param(lambda api, pod: api.end("shop", pod), id="end"),
        pytest.param(lambda api, pod: api.create(f"/api/v1/namespaces/shop/pods/{pod}/binding", {}), id="bind"),
    ],
)
def test_whoever_may_evict_may_nothing_else(
    foreign: Foreign, controllers: Controllers, write: Callable[[Api, str], object], request: pytest.FixtureRequest
) -> None:
    """An administrator's context does not make its client write anything else."""
    name = f"admin-{request.node.callspec.id.replace(' ', '-')}-2"
    foreign.account(name, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    (pod, _) = controllers.pods()
    with closing(live(name).evicting("primary")) as api, pytest.raises(ProbeError, match="a live target only reads: "):
        write(api, pod)

    assert wrote(foreign, name) == []


@pytest.mark.usefixtures("kubeconfig")
def test_only_its_own_client_evicts(foreign: Foreign, evictor_rules: Rules, controllers: Controllers) -> None:
    """Every other client of the same site reads, as without the option."""
    foreign.account("other-client", evictor_rules)
    (pod, _) = controllers.pods()
    with (
        closing(live("other-client").api("primary")) as api,
        pytest.raises(ProbeError, match=r"a live target only reads: POST .*/eviction was not sent"),
    ):
        api.evict("shop", pod)

    assert wrote(foreign, "other-client") == []


def test_a_site_that_is_not_looked_at_cannot_be_disturbed() -> None:
    """One sentence, with the option that is missing."""
    settings = Settings(target="live", primary_context="a", allow_disruption="standby")
    with pytest.raises(UsageError, match=r"^--allow-disruption standby: name the cluster of standby by --standby-con"):
        TARGET.reserve(settings)


@pytest.mark.parametrize(
    ("spec", "pods", "number"),
    [
        ({"maxUnavailable": 1}, 5, 1),
        ({"maxUnavailable": "30%"}, 5, 2),
        ({"minAvailable": "50%"}, 5, 2),
        ({"minAvailable": 7}, 5, 0),
        ({}, 5, 0),
    ],
)
def test_a_budget_lets_go_what_kubernetes_takes_it_for(spec: dict[str, object], pods: int, number: int) -> None:
    """Shares are rounded up on both sides."""
    assert allowance(spec, pods) == number
