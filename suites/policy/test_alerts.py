"""Alerts: what each says, whom it reaches, how soon, and that something speaks when everything is silent."""

import re
from collections.abc import Iterable
from fractions import Fraction

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import alerted, budget
from suites.policy.promql import matched, plain, ranges, series
from suites.policy.quantities import seconds
from suites.policy.routing import labels_of, routed, routings

PRACTICE = "https://prometheus.io/docs/practices/alerting/"
ROUTING = "https://prometheus.io/docs/alerting/latest/configuration/"

SEVERITIES = ("page", "ticket", "none")
#: A rollout or a node's replacement takes minutes; a ticket that does not wait for it is noise.
TICKET_PATIENCE_S = 300.0
#: What is announced days ahead may wait for a hundredth of that time.
SHARE_OF_NOTICE = Fraction(1, 100)
#: Half of the recovery time is left for the failover itself.
SHARE_OF_RECOVERY = 2


SPOKEN = Control(
    id="SLO-040",
    title="Every alert MUST say how urgent it is, what happened and where its runbook begins",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=PRACTICE,
    remedy="Set labels.severity, annotations.summary and a runbook_url whose anchor is the alert's name.",
    frameworks={"nist": "IR-4", "soc2": "CC7.4"},
    mutants=[
        edit("AlertRule", "*/SiteDown*", {"labels": {"severity": None}}, says="severity is"),
        edit("AlertRule", "*/SiteDown*", {"annotations": None}, says="no summary"),
        edit(
            "AlertRule",
            "*/SiteDown*",
            {"annotations": {"runbook_url": "https://wiki.example/alerts"}},
            says="does not lead to sitedown",
        ),
    ],
)


@checks(SPOKEN)
def test_alerts_speak_for_themselves(platform: Platform) -> None:
    """Severity, summary and runbook stand on every alert."""
    findings = judge(platform.all("AlertRule"), _speaks)

    assert not findings.broken, findings.table()


def _speaks(rule: Item) -> list[str]:
    severity, name = rule.text("labels.severity"), rule.text("alert")
    said = [] if severity in SEVERITIES else [f"its severity is {severity or 'missing'}"]
    said += [] if rule.text("annotations.summary") else ["has no summary"]
    runbook = rule.text("annotations.runbook_url")
    leads = runbook.startswith("https://") and runbook.endswith(f"#{name.lower()}")
    return said + ([] if leads else [f"the runbook {runbook or '(none)'} does not lead to {name.lower()}"])


OWNED = Control(
    id="SLO-041",
    title="Every alert that asks for work MUST name the objective that it protects, or inherit it from the series it judges",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/sre-book/monitoring-distributed-systems/",
    remedy="Set labels.slo to a declared objective that is measured all the time, and labels.service.",
    frameworks={"soc2": "CC7.3"},
    relates=("AlertRule", "SLO"),
    mutants=[
        edit("AlertRule", "*/PoolSaturated*", {"labels": {"slo": "orders-speed"}}, says="orders-speed is not declared"),
        edit("AlertRule", "*/PoolSaturated*", {"labels": {"service": None}}, says="names no service"),
        remove("SLO", "*#logical-replication-lag", says="logical-replication-lag is not declared"),
    ],
)


@checks(OWNED)
def test_alerts_protect_an_objective(platform: Platform) -> None:
    """The slo of each page and ticket exists; rules over slo: series carry it in the series."""
    known = {one.name for one in alerted(platform)}
    asking = [one for one in platform.all("AlertRule") if one.text("labels.severity") != "none"]
    findings = judge(asking, lambda rule: _protects(rule, known))

    assert not findings.broken, findings.table()


def _protects(rule: Item, known: set[str]) -> list[str]:
    if any(one.startswith("slo:") for one in series(rule.text("expr"))):
        return []
    slo = rule.text("labels.slo")
    said = [] if slo in known else [f"the objective {slo or '(none)'} is not declared"]
    return said + ([] if rule.text("labels.service") else ["names no service"])


ROUTED = Control(
    id="SLO-042",
    title="A page MUST reach a pager that also tells of its end, and no ticket may wake anybody",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=ROUTING,
    remedy="Route severity = page to the receiver with a pager, severity = ticket to one without.",
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    relates=("AlertRule", "Alertmanager"),
    mutants=[
        edit("AlertRule", "*/SiteDown*", {"labels": {"severity": "critical"}}, says="is routed to ticket"),
        edit(
            "Alertmanager",
            "*alertmanager.yml*",
            {"route": {"routes": [{}, {"matchers": ["severity = pages"]}]}},
            says="is routed to ticket",
        ),
        edit("AlertRule", "*/GitOpsDrift*", {"labels": {"severity": "page"}}, says="waits 900 s", name="drift-pages"),
    ],
)


@checks(ROUTED)
def test_pages_reach_the_pager_in_time(platform: Platform) -> None:
    """Each alert's receiver fits its severity; a page comes within the recovery time, a ticket is neither hasty nor forgotten."""
    known, recovery = routings(platform), _recovery(platform)
    strictest = min((budget(one) for one in alerted(platform)), default=float("inf"))
    findings = judge(
        platform.all("AlertRule"), lambda rule: [*_reaches(rule, known), *_waits(rule, recovery, strictest)]
    )

    assert not findings.broken, findings.table()


def _recovery(platform: Platform) -> float:
    path = "spec.indicator.spec.thresholdMetric.metricSource.spec.measurement"
    found = [one.number("spec.objectives.0.value") for one in platform.all("SLO") if "rto" in one.text(path)]
    return min((one for one in found if one is not None), default=float("inf"))


def _reaches(rule: Item, known: Iterable[Item]) -> list[str]:
    said = []
    for routing in known:
        receiver = str(routed(routing, labels_of(rule)).get("receiver"))
        kinds = {key for one in routing.mappings("receivers") if one.get("name") == receiver for key in one}
        paged = bool(kinds & {"pagerduty_configs", "opsgenie_configs", "victorops_configs"})
        if paged != (rule.text("labels.severity") not in ("ticket", "none")):
            said.append(f"a {rule.text('labels.severity')} is routed to {receiver}")
    return said


def _waits(rule: Item, recovery: float, strictest: float) -> list[str]:
    waits, severity = seconds(rule.text("for") or "0s") or 0, rule.text("labels.severity")
    if not rule.has("for"):
        return []
    notice = [float(one) * 86400 for one in re.findall(r"< (\d+) \* 86400", rule.text("expr"))]
    if notice:
        low, high = TICKET_PATIENCE_S, float(min(notice) * SHARE_OF_NOTICE)
    elif severity == "page":
        low, high = 2 * (seconds(rule.text("interval")) or 0), recovery
    else:
        low, high = TICKET_PATIENCE_S, strictest
    return [] if low <= waits <= high else [f"a {severity} waits {waits:g} s, not {low:g} to {high:g} s"]


OUTSIDE = Control(
    id="SLO-043",
    title="A site MUST be probed from outside, and its loss MUST page within half of the recovery time",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/sre-book/monitoring-distributed-systems/#black-box-versus-white-box",
    remedy="Give each site an objective on probe_success, and page without `for` when no probe of a minute succeeded.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    relates=("SLO", "AlertRule", "Alertmanager"),
    mutants=[
        edit("AlertRule", "*/SiteDown*", {"for": "5m"}, says="after 385 s"),
        remove("AlertRule", "*/JourneyDown*", says="no page without a pause"),
        edit(
            "Alertmanager", "*alertmanager.yml*", {"route": {"routes": [{}, {"group_wait": "10m"}]}}, says="after 675 s"
        ),
    ],
)


@checks(OUTSIDE)
def test_loss_of_a_site_is_paged_in_time(platform: Platform) -> None:
    """For each probed objective a page judges the same probes, and window, wait, evaluation and grouping fit."""
    alerts, known = platform.all("AlertRule"), routings(platform)
    probed = [one for one in alerted(platform) if one.label("sli") == "probe" and "probe_success" in _query(one)]
    allowed = _recovery(platform) / SHARE_OF_RECOVERY
    findings = judge(probed, lambda slo: _is_paged(slo, alerts, known, allowed))

    assert not findings.broken, findings.table()


def _query(slo: Item) -> str:
    return slo.text("spec.indicator.spec.ratioMetric.total.metricSource.spec.query")


def _is_paged(slo: Item, alerts: Iterable[Item], known: list[Item], allowed: float) -> list[str]:
    pages = [
        one
        for one in alerts
        if one.text("labels.severity") == "page"
        and matched(_query(slo), "job") <= matched(one.text("expr"), "job")
        and plain(one.text("expr")).endswith("== 0")
    ]
    said = [] if pages else [f"no page without a pause judges the probes of {slo.name}"]
    for page in pages:
        waits = [
            max(ranges(page.text("expr")), default=0),
            seconds(page.text("for") or "0s") or 0,
            seconds(page.text("interval")) or 0,
        ]
        for routing in known:
            grouped = seconds(routed(routing, labels_of(page)).get("group_wait")) or 0
            if sum(waits) + grouped > allowed:
                said.append(f"{page.text('alert')} pages after {sum(waits) + grouped:g} s, of {allowed:g} s")
    return said
