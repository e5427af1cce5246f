"""Service level objectives: what is promised, of what, and from which measurements."""

import re
from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import alerted, drilled
from suites.policy.promql import plain
from suites.policy.quantities import seconds

WORKBOOK = "https://sre.google/workbook/implementing-slos/"
SPECIFICATION = "https://github.com/OpenSLO/OpenSLO/blob/main/README.md"

#: Below, a page that spends 2 % of the budget in an hour could never fire (14.4 * (1 - target) >= 1 at 93 %).
LOOSEST = 0.95
#: Above, a month allows four minutes: no person and no failover fits into it.
STRICTEST = 0.9999
#: A calendar month, so that budget and report are about the same days.
MONTH_S = (28 * 86400.0, 31 * 86400.0)
#: The query's place for the window.
WINDOW = "{{.window}}"
COUNTED = re.compile(r"\b(?:increase|rate)\(")
GAUGED = re.compile(r"_over_time\(")
UNITS = {"milliseconds": 1.0, "seconds": 1000.0}


TARGET = Control(
    id="SLO-001",
    title="An objective MUST leave an error budget that a month can measure and a person can act on",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=WORKBOOK,
    remedy="Set one target between 0.95 and 0.9999 over a rolling month; a drill is judged over a year.",
    frameworks={"nist": "CA-7", "soc2": "A1.1"},
    mutants=[
        edit("SLO", "*#orders-availability", {"spec": {"objectives": [{"target": 0.5}]}}, says="target of 0.5"),
        edit("SLO", "*#orders-latency", {"spec": {"timeWindow": [{"duration": "3d"}]}}, says="window of 3d"),
        edit("SLO", "*#orders-latency", {"spec": {"timeWindow": [{"isRolling": False}]}}, says="does not roll"),
    ],
)


@checks(TARGET)
def test_objectives_leave_a_budget(platform: Platform) -> None:
    """Every objective has one target within bounds and one rolling window that fits its measurement."""
    findings = judge(platform.all("SLO"), _leaves_a_budget)

    assert not findings.broken, findings.table()


def _leaves_a_budget(slo: Item) -> list[str]:
    said = []
    targets = [one.get("target") for one in slo.mappings("spec.objectives")]
    windows = slo.mappings("spec.timeWindow")
    said += [] if len(targets) == len(windows) == 1 else ["needs exactly one target and one window"]
    for target in targets:
        if not isinstance(target, (int, float)) or not LOOSEST <= target <= STRICTEST:
            said.append(f"a target of {target} is outside {LOOSEST} to {STRICTEST}")
    for window in windows:
        length = seconds(str(window.get("duration")).replace("1Y", "365d")) or 0
        if not drilled(slo) and not MONTH_S[0] <= length <= MONTH_S[1]:
            said.append(f"a window of {window.get('duration')} is no month")
        if window.get("isRolling") is not True:
            said.append("the window does not roll: the budget is new on the first of the month")
    return said


MEASURED = Control(
    id="SLO-002",
    title="An indicator MUST be measured by queries of the right form from a data source that is declared",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=SPECIFICATION,
    remedy="Give good and total a query with the window's place, say whether they count, and name a DataSource.",
    frameworks={"nist": "AU-6", "soc2": "CC7.2"},
    relates=("SLO", "DataSource"),
    mutants=[
        remove("DataSource", "*#prometheus", says="the source prometheus is not declared"),
        edit(
            "SLO",
            "*#orders-availability",
            {"spec": {"indicator": {"spec": {"ratioMetric": {"counter": False}}}}},
            says="counter: False",
        ),
        edit(
            "SLO",
            "*#orders-availability",
            {"spec": {"indicator": {"spec": {"ratioMetric": {"good": None}}}}},
            says="has no query of good events",
        ),
    ],
)


@checks(MEASURED)
def test_indicators_are_measured(platform: Platform) -> None:
    """Each side of each indicator has a query over the window, of a declared source."""
    sources = {one.name for one in platform.all("DataSource")}
    findings = judge(platform.all("SLO"), lambda slo: _is_measured(slo, sources))

    assert not findings.broken, findings.table()


def _is_measured(slo: Item, sources: set[str]) -> list[str]:
    ratio, threshold = "spec.indicator.spec.ratioMetric", "spec.indicator.spec.thresholdMetric"
    sides = {"good": f"{ratio}.good", "total": f"{ratio}.total"} if slo.has(ratio) else {"measured": threshold}
    said = []
    for side, path in sides.items():
        asked = slo.text(f"{path}.metricSource.spec.query") or slo.text(f"{path}.metricSource.spec.measurement")
        source = slo.text(f"{path}.metricSource.metricSourceRef")
        said += [] if asked else [f"has no query of {side} events"]
        said += [] if source in sources else [f"the source {source} is not declared"]
        if slo.has(ratio) and asked:
            said += [] if WINDOW in asked else [f"the {side} query has no place for the window"]
            form = COUNTED if slo.get(f"{ratio}.counter") is True else GAUGED
            said += (
                [] if form.search(asked) else [f"counter: {slo.get(f'{ratio}.counter')} does not fit {plain(asked)}"]
            )
    return said


THRESHOLD = Control(
    id="SLO-003",
    title="A latency objective MUST count the events under exactly the threshold that it names",
    system="slo",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus.io/docs/practices/histograms/#apdex-score",
    remedy="Let the le of the good query, the annotation and the display name state one threshold in one unit.",
    frameworks={"soc2": "A1.1"},
    relates=("SLO", "RecordingRule"),
    mutants=[
        edit(
            "SLO",
            "*#orders-latency",
            {"metadata": {"annotations": {"meshproof.example/threshold": "50"}}},
            says="counts 500, names 50",
        ),
        edit(
            "RecordingRule",
            "*journey:fast_probe:bool*",
            {"expr": 'probe_success{job="journey"} * (probe_duration_seconds{job="journey"} <= bool 10)'},
            says="counts 10, names 1",
        ),
    ],
)


@checks(THRESHOLD)
def test_latency_is_counted_under_its_threshold(platform: Platform) -> None:
    """The bucket of the good query, or the comparison in the series it reads, is the named threshold."""
    recorded = {one.text("record"): one.text("expr") for one in platform.all("RecordingRule")}
    timed = [one for one in alerted(platform) if "within" in one.text("metadata.displayName")]
    findings = judge(timed, lambda slo: _counts_its_threshold(slo, recorded))

    assert not findings.broken, findings.table()


def _counts_its_threshold(slo: Item, recorded: Mapping[str, str]) -> list[str]:
    named = slo.annotation("meshproof.example/threshold")
    unit = slo.annotation("meshproof.example/unit")
    good = slo.text("spec.indicator.spec.ratioMetric.good.metricSource.spec.query")
    good = " ".join([good, *(expr for series, expr in recorded.items() if series in good)])
    counted = re.findall(r'le=~"([\d.]+?)\(|<= bool ([\d.]+)', good)
    found = {one for pair in counted for one in pair if one}
    said = [f"counts {', '.join(sorted(found)) or 'everything'}, names {named}"] if found != {named} else []
    said += [] if f"within {named} " in slo.text("metadata.displayName") else [f"its name does not say {named}"]
    said += [] if unit in UNITS and unit in good else [f"the series is not in {unit or 'any unit'}"]
    return said
