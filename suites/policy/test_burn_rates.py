"""Burn rates: the arithmetic from an objective to the alert that guards its budget."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import alerted, conditions_of, factor, objective, policies, share, short, window
from suites.policy.quantities import seconds

ALERTING = "https://sre.google/workbook/alerting-on-slos/"

#: The short window shows that it still burns; a twelfth of the long one (SRE workbook, table 5-8).
SHARE_OF_SHORT = Fraction(1, 12)
#: The first page comes when a fiftieth of the budget is gone.
FIRST_SHARE = Fraction(2, 100)
#: Between two windows a burn is seen late by the quotient of them; one hour to one day would be a day late.
WIDEST_STEP = 6
#: A rate that spends exactly the budget is the slowest that matters.
SLOWEST = Fraction(1)

FACTOR = Control(
    id="SLO-020",
    title="A burn-rate factor MUST be the share of the budget, times the objective's window, over the long window",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ALERTING,
    remedy="Compute threshold = budget-percent / 100 * timeWindow / lookbackWindow, and a short window of a twelfth.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("SLO", "AlertPolicy", "AlertCondition"),
    mutants=[
        edit("AlertCondition", "*#burn-1h", {"spec": {"condition": {"threshold": 1.44}}}, says="factor is 36/25"),
        edit(
            "AlertCondition",
            "*#burn-3d",
            {"metadata": {"annotations": {"meshproof.example/short-window": "2h"}}},
            says="short window is 2h",
        ),
        edit("SLO", "*#orders-latency", {"spec": {"timeWindow": [{"duration": "28d"}]}}, says="should be 336/25"),
    ],
)


@checks(FACTOR)
def test_factors_follow_from_the_budget(platform: Platform) -> None:
    """For every objective and each of its conditions, the factor is exactly the one that spends the named share."""
    held = policies(platform)
    findings = judge(alerted(platform), lambda slo: _adds_up(slo, conditions_of(slo, held)))

    assert not findings.broken, findings.table()


def _adds_up(slo: Item, conditions: Iterable[Item]) -> list[str]:
    period, said = Fraction(seconds(slo.text("spec.timeWindow.0.duration")) or 0), []
    for one in conditions:
        due = share(one) * period / window(one) if window(one) else None
        if due is None or factor(one) != due:
            said.append(f"{one.name}: the factor is {factor(one)}, should be {due}")
        if Fraction(seconds(short(one)) or 0) != window(one) * SHARE_OF_SHORT:
            said.append(
                f"{one.name}: the short window is {short(one)}, not a twelfth of {one.text('spec.condition.lookbackWindow')}"
            )
    return said


POSSIBLE = Control(
    id="SLO-021",
    title="A burn-rate alert MUST be able to fire: at total failure the burn exceeds its factor",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ALERTING,
    remedy="Lower the factor or raise the target until factor * (1 - target) < 1.",
    frameworks={"nist": "SI-4"},
    relates=("SLO", "AlertCondition"),
    mutants=[
        edit("SLO", "*#orders-latency", {"spec": {"objectives": [{"target": 0.93}]}}, says="can never fire"),
        edit("AlertCondition", "*#burn-1h", {"spec": {"condition": {"threshold": 144}}}, says="can never fire"),
    ],
)


@checks(POSSIBLE)
def test_alerts_can_fire(platform: Platform) -> None:
    """The factor of every condition times the budget of every objective that uses it stays below one."""
    held = policies(platform)
    findings = judge(alerted(platform), lambda slo: _can_fire(slo, conditions_of(slo, held)))

    assert not findings.broken, findings.table()


def _can_fire(slo: Item, conditions: Iterable[Item]) -> list[str]:
    budget = 1 - objective(slo)
    return [
        f"{one.name} can never fire: {factor(one)} * {budget} >= 1" for one in conditions if factor(one) * budget >= 1
    ]


LADDER = Control(
    id="SLO-022",
    title="Every objective MUST have pages and tickets from a fast burn to the slowest that exhausts the budget, without a gap",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ALERTING,
    remedy="Name policies whose first spends 2 % of the budget, whose last burns at 1, with windows at most six times apart.",
    frameworks={"nist": "SI-4", "soc2": "CC7.3"},
    relates=("SLO", "AlertPolicy", "AlertCondition"),
    mutants=[
        edit(
            "SLO",
            "*#orders-latency",
            {"spec": {"alertPolicies": [{}, {}, None]}},
            says="between 6h and 3d",
            name="no-1d",
        ),
        edit(
            "SLO",
            "*#orders-latency",
            {"spec": {"alertPolicies": [None, {}, {}, {}]}},
            says="is gone before the first page",
            name="no-1h",
        ),
        edit("AlertCondition", "*#burn-6h", {"spec": {"severity": "ticket"}}, says="is a ticket, but reaches pager"),
    ],
)


@checks(LADDER)
def test_burns_of_every_speed_are_seen(platform: Platform) -> None:
    """The windows of each objective's conditions form a ladder, and each reaches the target of its severity."""
    held = policies(platform)
    targets = {
        condition.name: {str(one.get("targetRef")) for one in policy.mappings("spec.notificationTargets")}
        for policy in platform.all("AlertPolicy")
        for condition in held[policy.name]
    }
    known = {one.name for one in platform.all("AlertNotificationTarget")}
    findings = judge(alerted(platform), lambda slo: _is_a_ladder(conditions_of(slo, held), targets, known))

    assert not findings.broken, findings.table()


def _is_a_ladder(rungs: list[Item], targets: Mapping[str, set[str]], known: set[str]) -> list[str]:
    if not rungs:
        return ["has no alert at all"]
    said = [] if share(rungs[0]) <= FIRST_SHARE else [f"{share(rungs[0])} of the budget is gone before the first page"]
    said += [] if factor(rungs[-1]) <= SLOWEST else [f"a burn of less than {factor(rungs[-1])} is never seen"]
    for lower, upper in pairwise(rungs):
        if window(upper) > WIDEST_STEP * window(lower):
            names = [one.text("spec.condition.lookbackWindow") for one in (lower, upper)]
            said.append(f"nothing watches between {names[0]} and {names[1]}")
    for one in rungs:
        severity, reached = one.text("spec.severity"), targets.get(one.name, set())
        said += [] if reached and reached <= known else [f"{one.name} reaches no declared target"]
        pages = any("page" in name for name in reached)
        said += (
            []
            if pages == (severity == "page")
            else [f"{one.name} is a {severity}, but reaches {', '.join(sorted(reached))}"]
        )
    severities = [one.text("spec.severity") for one in rungs]
    return said + [f"no {one}" for one in ("page", "ticket") if one not in severities]


POLICY = Control(
    id="SLO-023",
    title="An alert policy MUST notify of breach and end, be used, and exactly the fastest MUST notify of missing data",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://github.com/OpenSLO/OpenSLO/blob/main/README.md#alertpolicy",
    remedy="Set alertWhenBreaching and alertWhenResolved, and alertWhenNoData only where the fastest condition stands.",
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    relates=("AlertPolicy", "SLO"),
    mutants=[
        edit("AlertPolicy", "*#page-1h", {"spec": {"alertWhenNoData": False}}, says="missing data is not reported"),
        edit("AlertPolicy", "*#ticket-3d", {"spec": {"alertWhenNoData": True}}, says="missing data is reported twice"),
        edit("AlertPolicy", "*#page-6h", {"spec": {"alertWhenResolved": False}}, says="alertWhenResolved is not set"),
    ],
)


@checks(POLICY)
def test_policies_notify_once(platform: Platform) -> None:
    """Every policy is used and notifies at both ends; only the one with the shortest window speaks of no data."""
    held = policies(platform)
    used = {str(one.get("alertPolicyRef")) for slo in platform.all("SLO") for one in slo.mappings("spec.alertPolicies")}
    shortest = min((window(one) for group in held.values() for one in group), default=None)
    findings = judge(platform.all("AlertPolicy"), lambda one: _notifies(one, held[one.name], shortest, used))

    assert not findings.broken, findings.table()


def _notifies(policy: Item, conditions: list[Item], shortest: Fraction | None, used: set[str]) -> list[str]:
    said = [
        f"{key} is not set"
        for key in ("alertWhenBreaching", "alertWhenResolved")
        if policy.get(f"spec.{key}") is not True
    ]
    fastest = any(window(one) == shortest for one in conditions)
    if (policy.get("spec.alertWhenNoData") is True) != fastest:
        said.append("missing data is not reported" if fastest else "missing data is reported twice")
    said += [] if conditions else ["has no condition"]
    return said + ([] if policy.name in used else ["no objective uses it"])
