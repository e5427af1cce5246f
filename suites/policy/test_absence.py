"""Absence: alerts that speak when there is nothing left to measure, and series that somebody needs."""

import re
from collections.abc import Iterable, Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import alerted
from suites.policy.promql import matched, plain, series
from suites.policy.quantities import seconds
from suites.policy.routing import labels_of, routed, routings

ABSENT = "https://prometheus.io/docs/prometheus/latest/querying/functions/#absent"

#: A dead man's switch that is called less often is noticed too late.
CALLED_EVERY_S = 300.0

#: What each kind of object says of itself when it is broken; a kind whose word nobody reads fails in silence.
BROKEN: Mapping[str, tuple[str, ...]] = {
    "Alertmanager.monitoring.coreos.com": (
        "prometheus_notifications_alertmanagers_discovered",
        "alertmanager_notifications_failed_total",
        "alertmanager_cluster_members",
    ),
    "Application": ("argocd_app_info{sync_status", "argocd_app_info{health_status"),
    "Certificate": ("certmanager_certificate_expiration_timestamp_seconds", "certmanager_certificate_ready_status"),
    "Collector": ("otelcol_exporter_send_failed_spans_total",),
    "Deployment": ("kube_deployment_status_replicas_available",),
    "ExternalSecret": ("externalsecret_status_condition", "external_secret_refresh_timestamp_seconds"),
    "Gateway": (
        "citadel_server_root_cert_expiry_timestamp",
        "pilot_total_xds_rejects",
        "probe_ssl_earliest_cert_expiry",
    ),
    "HorizontalPodAutoscaler": ("kube_horizontalpodautoscaler_spec_max_replicas",),
    "Kustomization": ("gotk_resource_info",),
    "Prometheus": ("prometheus_rule_evaluation_failures_total", "up == 0"),
    "Rollout": ("rollout_info",),
    "aws_msk_cluster": ("kafka_topic_min_insync_replicas",),
    "aws_rds_global_cluster": ("shop_replication_slot_active", "shop_subscription_message_timestamp_seconds"),
}


def _exprs(platform: Platform) -> list[str]:
    return [plain(one.text("expr")) for one in platform.all("AlertRule")]


WATCHDOG = Control(
    id="SLO-044",
    title="A watchdog MUST fire always, and be told every few minutes to something that pages when the calls stop",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://runbooks.prometheus-operator.dev/runbooks/general/watchdog/",
    remedy="Route an alert on vector(1), without `for`, to a receiver of its own that is repeated every minute.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("Alertmanager", "AlertRule"),
    mutants=[
        remove("AlertRule", "*/Watchdog*", says="nothing fires always"),
        edit(
            "Alertmanager",
            "*alertmanager.yml*",
            {"route": {"routes": [{"repeat_interval": "12h"}]}},
            says="told every 43200 s",
        ),
        edit(
            "Alertmanager",
            "*alertmanager.yml*",
            {"route": {"routes": [{"receiver": "pager"}]}},
            says="shares its receiver",
        ),
    ],
)


@checks(WATCHDOG)
def test_watchdog_is_heard(platform: Platform) -> None:
    """The alert that always fires reaches, often enough, a receiver that gets nothing else."""
    alerts = platform.all("AlertRule")
    findings = judge(routings(platform), lambda routing: _hears(routing, alerts))

    assert not findings.broken, findings.table()


def _hears(routing: Item, alerts: list[Item]) -> list[str]:
    dogs = [one for one in alerts if plain(one.text("expr")) == "vector(1)" and not one.has("for")]
    if not dogs:
        return ["nothing fires always"]
    settings = routed(routing, labels_of(dogs[0]))
    every = (seconds(settings.get("repeat_interval")) or 0) + (seconds(settings.get("group_wait")) or 0)
    said = [] if 0 < every <= CALLED_EVERY_S else [f"it is told every {every:g} s, not within {CALLED_EVERY_S:g} s"]
    others = {str(routed(routing, labels_of(one)).get("receiver")) for one in alerts if one not in dogs}
    return said + (["it shares its receiver with other alerts"] if settings.get("receiver") in others else [])


SILENCE = Control(
    id="SLO-045",
    title="Every objective MUST have an alert for the case that nothing measures it, and every probe one for its own absence",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ABSENT,
    remedy="Page on an objective without events, and on absent() of the very series a probed objective counts.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("SLO", "AlertRule"),
    mutants=[
        remove("AlertRule", "*/SLIAbsent*", says="no page when its events are gone"),
        remove(
            "AlertRule", "*/ProbeAbsent*", says='absent(probe_success{job="site",site="primary"})', name="without-probe"
        ),
        edit("AlertRule", "*/ProbeAbsent*", {"expr": 'absent(probe_success{job="journey"})'}, says='site="standby"'),
    ],
)


@checks(SILENCE)
def test_silence_is_noticed(platform: Platform) -> None:
    """A page covers each indicator's class when the events are gone, and each series of a probe."""
    pages = [plain(one.text("expr")) for one in platform.all("AlertRule") if one.text("labels.severity") == "page"]
    findings = judge(alerted(platform), lambda slo: _is_missed(slo, pages))

    assert not findings.broken, findings.table()


def _is_missed(slo: Item, pages: list[str]) -> list[str]:
    said = []
    missing = [one for one in pages if "slo:objective:ratio" in one and "unless on (slo) slo:total_events:" in one]
    classes = {match for one in missing for match in re.findall(r"slo:objective:ratio(\{[^}]*\})? unless", one)}
    sli = slo.label("sli")
    covered = any(not one or f'sli="{sli}"' in one or ("!=" in one and f'!="{sli}"' not in one) for one in classes)
    said += [] if missing and covered else ["there is no page when its events are gone"]
    query = slo.text("spec.indicator.spec.ratioMetric.total.metricSource.spec.query")
    for probe in re.findall(r"probe_success\{[^}]*\}", query):
        said += [] if any(f"absent({probe})" in one for one in pages) else [f"no page on absent({probe})"]
    return said


KINDS = Control(
    id="SLO-046",
    title="Whatever can break by itself MUST have an alert on what it says when it is broken",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/sre-book/monitoring-distributed-systems/",
    remedy="Add an alert rule that reads the series named in the finding.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("AlertRule", "Certificate", "Application", "Rollout"),
    mutants=[
        remove("AlertRule", "*/RolloutAborted*", says="no alert reads rollout_info"),
        remove(
            "AlertRule",
            "*/CertificateNotReady*",
            says="no alert reads certmanager_certificate_ready_status",
            name="without-certificate",
        ),
        remove("AlertRule", "*/GitOpsDrift*", says="no alert reads argocd_app_info{sync_status", name="without-drift"),
    ],
)


@checks(KINDS)
def test_what_can_break_is_watched(platform: Platform) -> None:
    """For every declared kind of object that reports its own failure, some alert reads the report."""
    read = _exprs(platform)
    findings = judge(platform.all(*BROKEN), lambda one: _is_watched(one, read))

    assert not findings.broken, findings.table()


def _is_watched(thing: Item, read: list[str]) -> list[str]:
    words = BROKEN.get(thing.kind) or BROKEN.get(f"{thing.kind}.{thing.group}", ())
    return [f"no alert reads {one}" for one in words if not any(one in expr for expr in read)]


NEEDED = Control(
    id="SLO-047",
    title="A series MUST be recorded if and only if an alert, a rule or a dashboard reads it",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus.io/docs/practices/rules/",
    remedy="Take away the record that nobody reads, or record the series that is read.",
    frameworks={"soc2": "CC7.2"},
    relates=("RecordingRule", "AlertRule", "Dashboard"),
    mutants=[
        remove("RecordingRule", "*site:user_requests:rate5m*", says="site:user_requests:rate5m is not recorded"),
        edit(
            "RecordingRule",
            "*site:user_requests:rate5m*",
            {"record": "site:requests:rate5m"},
            says="nobody reads site:requests:rate5m",
        ),
        remove(
            "RecordingRule",
            "*slo:budget_remaining:30d*",
            says="slo:budget_remaining:30d is not recorded",
            name="without-budget",
        ),
    ],
)


@checks(NEEDED)
def test_records_are_read_and_reads_recorded(platform: Platform) -> None:
    """Names with a colon are what rules make: each is made and each is read."""
    rules, readers = platform.all("RecordingRule", "AlertRule"), platform.all("Dashboard")
    made = {one.text("record") for one in rules}
    reads = {
        one.address: {name for expr in _expressions(one) for name in series(expr) if ":" in name}
        for one in (*rules, *readers)
    }
    known = {name for names in reads.values() for name in names} | _asked(platform)
    findings = judge([*rules, *readers], lambda one: _is_needed(one, made, known, reads[one.address]))

    assert not findings.broken, findings.table()


def _asked(platform: Platform) -> set[str]:
    texts = [str(one.get("spec")) for one in platform.all("ChaosEngine", "AnalysisTemplate", "ClusterAnalysisTemplate")]
    return {name for text in texts for name in re.findall(r"[a-z_]+(?::\w+)+", text)}


def _expressions(thing: Item) -> Iterator[str]:
    if thing.kind != "Dashboard":
        yield thing.text("expr")
        return
    todo: list[object] = [thing.get("panels"), thing.get("templating")]
    while todo:
        node = todo.pop()
        if isinstance(node, Mapping):
            yield from (str(value) for key, value in node.items() if key == "expr")
            todo += node.values()
        elif isinstance(node, (list, tuple)):
            todo += node


def _is_needed(one: Item, made: set[str], known: set[str], reads: Iterable[str]) -> list[str]:
    said = [f"{name} is not recorded" for name in sorted(reads) if name not in made]
    name = one.text("record") if one.kind == "RecordingRule" else ""
    return said + ([f"nobody reads {name}"] if name and name not in known else [])


TARGETS = Control(
    id="SLO-048",
    title="Every set of scraped targets MUST have an alert for the case that none of it is discovered",
    system="slo",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=ABSENT,
    remedy="Add absent(up{job=...}) for the job that the monitor makes, and a monitor for each job an alert misses.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("ServiceMonitor", "AlertRule"),
    mutants=[
        remove("ServiceMonitor", "primary:*/orders", says="nothing makes the job orders"),
        remove("AlertRule", "*/TargetAbsent*", says="nobody misses"),
    ],
)


@checks(TARGETS)
def test_missing_targets_are_noticed(platform: Platform) -> None:
    """Jobs of monitors and absent() alerts are the same, on every site."""
    missed = {job for expr in _exprs(platform) if "absent(up{" in expr for job in matched(expr, "job")}
    monitors = platform.all("ServiceMonitor", "PodMonitor", "Probe")
    services = platform.all("Service")
    sites = {one.site for one in monitors}
    owned = {(site, one.name) for site in sites for one in platform.all("Rollout", site=site)}
    made = {(one.site, one.name) for one in monitors}
    findings = judge(platform.all("Rollout"), lambda one: _is_missed_when_gone(one, made & owned, missed))
    discovered = judge(platform.all("ServiceMonitor"), lambda one: _discovers(one, services))

    assert not findings.broken, findings.table()
    assert not discovered.broken, discovered.table()


def _is_missed_when_gone(rollout: Item, made: set[tuple[str, str]], missed: set[str]) -> list[str]:
    said = [] if (rollout.site, rollout.name) in made else [f"nothing makes the job {rollout.name}"]
    return said + ([] if rollout.name in missed else [f"nobody misses {rollout.name}"])


def _discovers(monitor: Item, services: list[Item]) -> str | None:
    wanted = monitor.mapping("spec.selector.matchLabels")
    spaces = monitor.sequence("spec.namespaceSelector.matchNames") or [monitor.namespace]
    near = [one for one in services if one.site == monitor.site and one.namespace in spaces]
    if not wanted or not near or any(wanted.items() <= one.mapping("metadata.labels").items() for one in near):
        return None
    return f"no service carries {dict(wanted)}"
