"""Progressive delivery: canaries that move real traffic step by step and stop on a bad metric."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import mapping, within
from suites.policy.parity import counterparts, differences
from suites.policy.quantities import amount as quantity
from suites.policy.quantities import seconds

_CANARY = "https://argo-rollouts.readthedocs.io/en/stable/features/canary/"
_ANALYSIS = "https://argo-rollouts.readthedocs.io/en/stable/features/analysis/"
_ORDERS = "primary:shop/orders"

STEPPED = Control(
    id="DEL-007",
    title="Every release MUST go out in rising steps with a pause after each, watched from the second step on",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=_CANARY,
    remedy="Let setWeight rise from a few percent to half, with pauses longer than the analysis needs to fail.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    relates=("Rollout", "AnalysisTemplate"),
    mutants=[
        edit(
            "Rollout",
            _ORDERS,
            {"spec": {"strategy": {"canary": {"steps": [{"setWeight": 60}]}}}},
            says="its weights 60, 25, 50",
        ),
        edit(
            "Rollout",
            _ORDERS,
            {"spec": {"strategy": {"canary": {"steps": [{}, {"pause": {"duration": "30s"}}]}}}},
            says="pauses 30 s",
        ),
        edit("Rollout", _ORDERS, {"spec": {"strategy": {"canary": {"analysis": None}}}}, says="is watched by nothing"),
        remove("AnalysisTemplate", "primary:shop/orders-canary", says="is watched by nothing"),
    ],
)
#: Percent: a first step that few customers meet, and a last one that carries a real share of the load.
FIRST: Final = (1, 10)
LAST: Final = (30, 80)
#: Seconds: nobody waits for longer than an hour at one step.
LONGEST_PAUSE: Final = 3600.0
#: The first steps: analysis begins once the canary has requests at all.
WATCHED_FROM: Final = (0, 2)


@checks(STEPPED)
def test_releases_go_in_steps(platform: Platform) -> None:
    """A bad version meets few customers, and is found out before it meets more."""
    templates = {(one.site, one.namespace, one.name): one for one in platform.all("AnalysisTemplate")}

    def stepped(rollout: Item) -> Iterator[str]:
        path = "spec.strategy.canary"
        steps = rollout.mappings(f"{path}.steps")
        weights = [quantity(step["setWeight"]) or 0.0 for step in steps if "setWeight" in step]
        pauses = [seconds(mapping(step, "pause").get("duration")) or 0.0 for step in steps if "pause" in step]
        rising = weights == sorted(set(weights)) and len(weights) > 1
        if not rising or not within(weights[0], *FIRST) or not within(weights[-1], *LAST):
            yield f"its weights {', '.join(f'{one:g}' for one in weights) or '(none)'} do not rise from few to half"
        if len(pauses) != len(weights):
            yield "does not pause after each step"
        named = [str(one.get("templateName")) for one in rollout.mappings(f"{path}.analysis.templates")]
        watching = [templates[key] for name in named if (key := (rollout.site, rollout.namespace, name)) in templates]
        if not watching or len(watching) != len(named):
            yield "is watched by nothing, or by an analysis that is not declared"
        least = max((_fails_within(one) for one in watching), default=0.0)
        for pause in pauses:
            if not within(pause, least, LONGEST_PAUSE):
                yield f"pauses {pause:g} s, its analysis needs {least:g} s to fail"
        if pauses != sorted(pauses):
            yield "pauses less the more customers it meets"
        if not within(rollout.number(f"{path}.analysis.startingStep"), *WATCHED_FROM):
            yield f"is watched from step {rollout.text(f'{path}.analysis.startingStep')} on"

    findings = judge(platform.all("Rollout"), stepped)

    assert not findings.broken, findings.table()


def _fails_within(template: Item) -> float:
    """Seconds after which the slowest of its metrics has failed."""
    return max(
        (
            (seconds(one.get("initialDelay")) or 0.0)
            + (seconds(one.get("interval")) or 0.0) * ((quantity(one.get("failureLimit")) or 0.0) + 1)
            for one in template.mappings("spec.metrics")
        ),
        default=0.0,
    )


MEASURED = Control(
    id="DEL-008",
    title="Every analysis MUST ask the mesh about the canary alone, often, and fail after few bad answers",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=_ANALYSIS,
    remedy="Query istio metrics by the pods' template hash, with successCondition, interval and limits.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("AnalysisTemplate", "Rollout"),
    mutants=[
        edit(
            "AnalysisTemplate",
            "primary:shop/orders-canary",
            {"spec": {"metrics": [{"failureLimit": 20}]}},
            says="success-rate: fails after 20",
        ),
        edit("AnalysisTemplate", "primary:shop/orders-canary", {"spec": {"args": []}}, says="does not take"),
        edit(
            "AnalysisTemplate",
            "primary:shop/orders-canary",
            {"spec": {"metrics": [{"provider": {"prometheus": {"query": "vector(1)"}}}]}},
            says="success-rate: asks nothing of the mesh",
        ),
    ],
)
#: Seconds between two questions, and before the first: a window of the query is filled.
ASKS_EVERY: Final = (15, 120)
WARMS_UP: Final = (15, 300)
#: Bad answers: a restart or a page fails at once, a ratio may waver twice.
FAILS_AFTER: Final = (0, 3)
ERRS_AFTER: Final = (2, 10)
WAVERS_AFTER: Final = (1, 10)
#: Where the answers come from: the mesh's requests, the pods' restarts, the alerts that page.
_SERIES: Final = re.compile(
    r"istio_requests_total|istio_request_duration|kube_pod_container_status_restarts_total|ALERTS"
)
_ARGUMENT: Final = re.compile(r"\{\{\s*args\.([\w-]+)")


@checks(MEASURED)
def test_analyses_measure_the_canary(platform: Platform) -> None:
    """The new version is judged by its own requests, within minutes."""
    given: dict[tuple[str, str], set[str]] = {}
    for rollout in platform.all("Rollout"):
        analysis = "spec.strategy.canary.analysis"
        names = {
            str(one.get("name"))
            for one in rollout.mappings(f"{analysis}.args")
            if mapping(one, "valueFrom") or one.get("value")
        }
        for template in rollout.mappings(f"{analysis}.templates"):
            given[rollout.site, str(template.get("templateName"))] = names

    def measures(template: Item) -> Iterator[str]:
        metrics = template.mappings("spec.metrics")
        taken = {str(one.get("name")): one for one in template.mappings("spec.args")}
        queries = str([mapping(mapping(one, "provider"), "prometheus").get("query") for one in metrics])
        for name in sorted(set(_ARGUMENT.findall(queries)) - taken.keys()):
            yield f"does not take {name}, which it asks by"
        if (template.site, template.name) in given:
            for name in sorted(
                name
                for name, one in taken.items()
                if "value" not in one and name not in given[template.site, template.name]
            ):
                yield f"is not given {name}"
        for metric in metrics:
            yield from (f"{metric.get('name')}: {text}" for text in _asks(metric))
        if template.kind == "AnalysisTemplate" and len(metrics) < 2:  # noqa: PLR2004 - errors and latency
            yield "does not measure both errors and latency"
        if not metrics:
            yield "measures nothing"

    findings = judge(platform.all("AnalysisTemplate", "ClusterAnalysisTemplate"), measures)

    assert not findings.broken, findings.table()


def _asks(metric: Mapping[str, object]) -> Iterator[str]:
    query = str(mapping(mapping(metric, "provider"), "prometheus").get("query", ""))
    if not _SERIES.search(query):
        yield "asks nothing of the mesh"
    if not metric.get("successCondition"):
        yield "has no condition"
    if not within(seconds(metric.get("interval")), *ASKS_EVERY):
        yield f"asks every {metric.get('interval')}"
    if "initialDelay" in metric and not within(seconds(metric["initialDelay"]), *WARMS_UP):
        yield f"waits {metric['initialDelay']} before it asks"
    if not within(quantity(metric.get("failureLimit")), *FAILS_AFTER):
        yield f"fails after {metric.get('failureLimit')}"
    if not within(quantity(metric.get("consecutiveErrorLimit")), *ERRS_AFTER):
        yield f"gives up after {metric.get('consecutiveErrorLimit')} errors"
    if "NaN" in query and not within(quantity(metric.get("inconclusiveLimit")), *WAVERS_AFTER):
        yield f"wavers {metric.get('inconclusiveLimit')} times"


ROUTED = Control(
    id="DEL-009",
    title="Every canary MUST move its weight through the mesh's own routes and subsets, without a pod too few",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/istio/",
    remedy="Name declared VirtualServices, their routes and a DestinationRule's subsets in trafficRouting.istio.",
    frameworks={"nist": "CM-3", "soc2": "A1.2"},
    relates=("Rollout", "VirtualService", "DestinationRule"),
    mutants=[
        edit("Rollout", _ORDERS, {"spec": {"strategy": {"canary": {"maxUnavailable": "50%"}}}}, says="may lack pods"),
        edit(
            "Rollout",
            _ORDERS,
            {"spec": {"strategy": {"canary": {"trafficRouting": {"istio": {"virtualServices": [{"name": "order"}]}}}}}},
            says="moves order, which is not declared",
        ),
        remove("DestinationRule", _ORDERS, says="has no subsets"),
    ],
)
#: Percent of pods above the desired: enough to be quick, within the quota's headroom.
SURGE: Final = (10, 50)
#: Seconds: a pod that is not ready by then never will be, and its release is called off.
DEADLINE: Final = (300, 1800)
#: Seconds that the aborted version lives on, while proxies still know it.
LINGERS: Final = (15, 120)
HISTORY: Final = (2, 10)


@checks(ROUTED)
def test_canaries_move_traffic(platform: Platform) -> None:
    """A weight of five percent is five percent of the requests, and an abort gives them back."""
    services = {(one.site, one.namespace, one.name): one for one in platform.all("VirtualService")}
    rules = {(one.site, one.namespace, one.name): one for one in platform.all("DestinationRule")}

    def routed(rollout: Item) -> Iterator[str]:
        istio = "spec.strategy.canary.trafficRouting.istio"
        for moved in rollout.mappings(f"{istio}.virtualServices"):
            service = services.get((rollout.site, rollout.namespace, str(moved.get("name"))))
            if service is None:
                yield f"moves {moved.get('name')}, which is not declared"
        rule = rules.get((rollout.site, rollout.namespace, rollout.text(f"{istio}.destinationRule.name")))
        subsets = {str(one.get("name")) for one in rule.mappings("spec.subsets")} if rule else set()
        named = {rollout.text(f"{istio}.destinationRule.{one}") for one in ("canarySubsetName", "stableSubsetName")}
        if rollout.has(istio) and not named <= subsets:
            yield "has no subsets to move between"
        if rollout.has(istio) and not rollout.mappings(f"{istio}.virtualServices"):
            yield "moves no route"
        yield from _never_short(rollout)

    findings = judge(platform.all("Rollout"), routed)

    assert not findings.broken, findings.table()


def _never_short(rollout: Item) -> Iterator[str]:
    canary = "spec.strategy.canary"
    if rollout.text(f"{canary}.maxUnavailable") != "0":
        yield "may lack pods while it changes"
    if not within(quantity(rollout.text(f"{canary}.maxSurge").rstrip("%")), *SURGE):
        yield f"adds {rollout.text(f'{canary}.maxSurge')} pods"
    if not within(rollout.number(f"{canary}.abortScaleDownDelaySeconds"), *LINGERS):
        yield "an aborted version goes too early or stays too long"
    if rollout.get("spec.progressDeadlineAbort") is not True or not within(
        rollout.number("spec.progressDeadlineSeconds"), *DEADLINE
    ):
        yield "does not abort what never becomes ready"
    if not within(rollout.number("spec.revisionHistoryLimit"), *HISTORY):
        yield f"keeps {rollout.text('spec.revisionHistoryLimit')} versions to go back to"


ALIKE = Control(
    id="DEL-010",
    title="Both sites MUST release the same pods by the same steps and judge them by the same analysis",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html",
    remedy="Deliver both sites from one chart; let only facts differ.",
    frameworks={"nist": "CM-2", "hipaa": "164.308(a)(7)(ii)(B)", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "standby:shop/orders",
            {"spec": {"progressDeadlineSeconds": 900}},
            says="differs from the other site at progressDeadlineSeconds",
        ),
        edit(
            "ClusterAnalysisTemplate",
            "standby:no-restarts",
            {"spec": {"metrics": [{"failureLimit": 1}]}},
            says="differs from the other site at metrics.0.failureLimit",
        ),
    ],
)
_KINDS: Final = ("AnalysisTemplate", "ClusterAnalysisTemplate", "Rollout")
#: The kinds of volumes, probes of stores and traffic of one site may differ from the other's by design.
_MAY_DIFFER: Final = ("trafficRouting", "priorityClassName")


@checks(ALIKE)
def test_sites_release_alike(platform: Platform) -> None:
    """What was proven on one site is what starts on the other."""
    apart: dict[str, list[str]] = {}
    for one, two in counterparts(platform, *_KINDS):
        apart[two.address] = differences(one, two, "spec", but=_MAY_DIFFER)

    def alike(item: Item) -> list[str]:
        return [f"differs from the other site at {path}" for path in apart.get(item.address, [])]

    findings = judge(platform.all(*_KINDS), alike)

    assert not findings.broken, findings.table()
