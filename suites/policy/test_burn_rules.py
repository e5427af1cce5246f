"""Burn-rate rules: what the conditions of the objectives have become in PromQL."""

import re
from collections.abc import Iterable

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import alerted, conditions_of, factor, policies, short
from suites.policy.promql import ending, plain, ranges, series
from suites.policy.quantities import number_of, seconds

ALERTING = "https://sre.google/workbook/alerting-on-slos/"
RULES = "https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/"

#: A series older than Prometheus' look-back of five minutes is gone; two evaluations fit into it.
LOOKBACK_S = 300.0
#: Evaluated so often, a window moves in steps of a quarter of it at most.
STEPS = 4


WRITTEN = Control(
    id="SLO-024",
    title="Each alert condition MUST be written as one rule: the same factor on both windows, the same guard, the same severity",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ALERTING,
    remedy="Compare the error ratio of the long and the short window with factor * (1 - objective), and the bad events with the guard.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("AlertCondition", "AlertRule"),
    mutants=[
        edit(
            "AlertRule",
            "*/ErrorBudgetBurn1h",
            {
                "expr": "slo:error_ratio:1h > on (slo) group_left () (1.44 * (1 - slo:objective:ratio))"
                " and slo:error_ratio:5m > on (slo) group_left () (14.4 * (1 - slo:objective:ratio)) and slo:bad_events:1h >= 3"
            },
            says="no rule compares",
        ),
        edit("AlertRule", "*/ErrorBudgetBurn6h", {"labels": {"severity": "ticket"}}, says="is a ticket"),
        edit("AlertRule", "*/ErrorBudgetBurn6h", {"for": "10m"}, says="waits 10m"),
        remove("AlertRule", "*/ErrorBudgetBurn3d", says="no rule compares"),
    ],
)


@checks(WRITTEN)
def test_conditions_are_written_as_rules(platform: Platform) -> None:
    """The rule of each condition has its factor, windows, guard, wait and severity, joined by `and`."""
    alerts = platform.all("AlertRule")
    findings = judge(platform.all("AlertCondition"), lambda condition: _is_written(condition, alerts))

    assert not findings.broken, findings.table()


def _is_written(condition: Item, alerts: Iterable[Item]) -> list[str]:
    long, times = condition.text("spec.condition.lookbackWindow"), float(factor(condition))
    guard = number_of(condition.annotation("meshproof.example/minimum-bad-events")) or 0
    wanted = {(f"slo:error_ratio:{long}", times), (f"slo:error_ratio:{short(condition)}", times)}
    found = [one for one in alerts if _compared(one.text("expr")) == (wanted, {(f"slo:bad_events:{long}", guard)})]
    said = [] if found else [f"no rule compares {long} and {short(condition)} with {times:g}, and {guard:g} bad events"]
    for one in found:
        waits, due = one.text("for") or "0m", condition.text("spec.condition.alertAfter")
        said += [] if seconds(waits) == seconds(due) else [f"{one.text('alert')} waits {waits}, not {due}"]
        severity = one.text("labels.severity")
        said += [] if severity == condition.text("spec.severity") else [f"{one.text('alert')} is a {severity}"]
    return said


def _compared(expression: str) -> tuple[set[tuple[str, float]], set[tuple[str, float]]]:
    """(ratio, factor) and (events, guard) of each operand of `and`."""
    ratios, events = set[tuple[str, float]](), set[tuple[str, float]]()
    for operand in plain(expression).split(" and "):
        budget = re.fullmatch(
            r"(\S+) > on \(slo\) group_left \(\) \(([\d.]+) \* \(1 - slo:objective:ratio\)\)", operand.strip()
        )
        guard = re.fullmatch(r"(\S+) >= ([\d.]+)", operand.strip())
        if budget is not None:
            ratios.add((budget[1], float(budget[2])))
        elif guard is not None:
            events.add((guard[1], float(guard[2])))
    return ratios, events


RECORDED = Control(
    id="SLO-025",
    title="Every objective MUST be recorded with its own query for each window that its alerts and its budget need",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=RULES,
    remedy="Record slo:objective:ratio, and slo:good_events and slo:total_events of every window, with the SLO's query.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("SLO", "AlertCondition", "RecordingRule"),
    mutants=[
        remove("RecordingRule", "*slo:good_events:6h[orders-availability]*", says="slo:good_events:6h is not recorded"),
        edit(
            "RecordingRule",
            "*slo:objective:ratio[orders-availability]*",
            {"expr": "vector(0.99)"},
            says="objective is not recorded as 0.999",
        ),
        edit(
            "RecordingRule",
            "*slo:total_events:1h[orders-availability]*",
            {"labels": None},
            says="slo:total_events:1h is not recorded",
        ),
    ],
)


@checks(RECORDED)
def test_objectives_are_recorded_with_their_queries(platform: Platform) -> None:
    """The target, and both counts of each window, are recorded under the objective's labels with its queries."""
    held, rules = policies(platform), platform.all("RecordingRule")
    findings = judge(alerted(platform), lambda slo: _is_recorded(slo, conditions_of(slo, held), rules))

    assert not findings.broken, findings.table()


def _is_recorded(slo: Item, conditions: Iterable[Item], rules: Iterable[Item]) -> list[str]:
    own = {one.text("record"): one for one in rules if one.text("labels.slo") == slo.name}
    target, objective = slo.text("spec.objectives.0.target"), own.get("slo:objective:ratio")
    said = []
    if (
        objective is None
        or objective.text("expr") != f"vector({target})"
        or objective.text("labels.sli") != slo.label("sli")
    ):
        said.append(f"the objective is not recorded as {target} of {slo.label('sli')}")
    windows = {one.text("spec.condition.lookbackWindow") for one in conditions} | {short(one) for one in conditions}
    for window in sorted(windows | {slo.text("spec.timeWindow.0.duration")}):
        for side, reduce in (("good", "sum_over_time"), ("total", "count_over_time")):
            query = slo.text(f"spec.indicator.spec.ratioMetric.{side}.metricSource.spec.query")
            due = query.replace("{{.window}}", window) or f'{reduce}(slo:good_slice:bool{{slo="{slo.name}"}}[{window}])'
            rule = own.get(f"slo:{side}_events:{window}")
            if rule is None or plain(rule.text("expr")) != plain(due):
                said.append(f"slo:{side}_events:{window} is not recorded with its query")
    strange = sorted(name for name, one in own.items() if one.text("labels.service") != slo.text("spec.service"))
    return said + [f"{name} is not labelled with the service {slo.text('spec.service')}" for name in strange]


DERIVED = Control(
    id="SLO-026",
    title="A series derived from events MUST be of one window, so that numerator and denominator are of the same time",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=RULES,
    remedy="Use the events of the window that the record's own name ends with, and `or 0 *` where nothing may be good.",
    frameworks={"nist": "SI-4"},
    mutants=[
        edit(
            "RecordingRule",
            "*burn-rate/slo:error_ratio:1h",
            {"expr": "1 - (slo:good_events:1h or 0 * slo:total_events:1h) / slo:total_events:2h"},
            says="mixes 1h and 2h",
        ),
        edit(
            "RecordingRule",
            "*burn-rate/slo:bad_events:1h",
            {"expr": "slo:total_events:1h - slo:good_events:1h"},
            says="silent while nothing succeeds",
        ),
    ],
)


@checks(DERIVED)
def test_derived_series_are_of_one_window(platform: Platform) -> None:
    """A rule over recorded events reads events of its own window only, and survives that no good event exists."""
    derived = [one for one in platform.all("RecordingRule") if _events(one)]
    findings = judge(derived, _is_of_one_window)

    assert not findings.broken, findings.table()


def _events(rule: Item) -> set[str]:
    return {one for one in series(rule.text("expr")) if "_events:" in one}


def _is_of_one_window(rule: Item) -> list[str]:
    windows = {one.rpartition(":")[2] for one in _events(rule)} | {rule.text("record").rpartition(":")[2]}
    said = [f"mixes {' and '.join(sorted(windows))}"] if len(windows) > 1 else []
    good = [one for one in _events(rule) if "good" in one]
    said += [f"is silent while nothing succeeds: {one}" for one in good if f"({one} or 0 * " not in rule.text("expr")]
    return said


PACE = Control(
    id="SLO-027",
    title="Rules MUST be evaluated no more often than samples arrive, and often enough for their windows and waits",
    system="slo",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus.io/docs/prometheus/latest/querying/basics/#staleness",
    remedy="Set the group's interval between the scrape interval and a quarter of the shortest window, half of the shortest `for` and half of the look-back.",
    frameworks={"nist": "AU-6"},
    relates=("RecordingRule", "AlertRule", "Prometheus"),
    mutants=[
        edit("RecordingRule", "*slo:good_events:5m[orders-availability]*", {"interval": "150s"}, says="every 150 s"),
        edit("RecordingRule", "*slo:good_events:1d[orders-availability]*", {"interval": "20m"}, says="every 1200 s"),
        edit("AlertRule", "*/JourneyDown*", {"interval": "1s"}, says="every 1 s"),
    ],
)


@checks(PACE)
def test_rules_are_evaluated_in_time(platform: Platform) -> None:
    """The interval of each rule lies between the scrape interval and what the windows of its group bear."""
    scrape = min((seconds(one.get("spec.scrapeInterval")) or 0 for one in platform.all("Prometheus")), default=0.0)
    everything = platform.all("RecordingRule", "AlertRule")
    bearable: dict[tuple[str, str], float] = {}
    for one in everything:
        group = (one.owner, one.text("group"))
        bearable[group] = min(bearable.get(group, LOOKBACK_S / 2), *_bears(one))
    findings = judge(everything, lambda rule: _keeps_pace(rule, scrape, bearable[(rule.owner, rule.text("group"))]))

    assert not findings.broken, findings.table()


def _bears(rule: Item) -> list[float]:
    named = [seconds(one.rpartition(":")[2]) or 0 for one in series(rule.text("expr")) if ending(one)]
    windows = [one / STEPS for one in (*ranges(rule.text("expr")), *named) if one]
    waits = [one / 2 for one in [seconds(rule.text("for"))] if one]
    return [LOOKBACK_S / 2, *windows, *waits]


def _keeps_pace(rule: Item, scrape: float, bearable: float) -> str | None:
    every = seconds(rule.text("interval")) or 0
    if scrape <= every <= bearable:
        return None
    return f"is evaluated every {every:g} s, not between {scrape:g} and {bearable:g} s"
