"""Metrics and logs: kept long enough and encrypted, scraped in time, and watched by alarms that reach somebody."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import LOG_DAYS, UNALTERABLE
from suites.policy.quantities import number_of, outside, seconds

#: An alarm decides within a quarter of an hour.
DECIDED_S, PERIODS_S = 900.0, (60.0, 300.0)
#: Useful thresholds by the end of a metric's name; a count of refusals stands for a wrong role or an attack.
THRESHOLDS: Mapping[str, tuple[float, float]] = {
    "JVMMemoryPressure": (75.0, 95.0),
    "refused": (10.0, 100.0),
    "FreeStorageSpace": (1024.0, float("inf")),
}
#: What must be left free of a node's disk.
FREE = (0.1, 0.4)
SEARCH_METRICS = (
    "ClusterStatus.red",
    "ClusterIndexWritesBlocked",
    "FreeStorageSpace",
    "JVMMemoryPressure",
    "KMSKeyError",
)
SCRAPED_S = (10.0, 60.0)

KEPT = Control(
    id="MET-001",
    title="Logs and metrics MUST be encrypted with a key of ours and kept for a year at least and two at most",
    system="metrics",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    remedy="Set the key and a retention of 365 to 731 days; lock the bucket.",
    frameworks={"nist": "AU-11", "pci": "10.5.1", "hipaa": "164.316(b)(2)(i)", "soc2": "CC7.2"},
    relates=("aws_cloudwatch_log_group", "google_logging_project_bucket_config"),
    mutants=[
        edit(
            "aws_cloudwatch_log_group",
            'module.primary_observability.aws_cloudwatch_log_group.main["host"]',
            {"retention_in_days": 30},
            says="retention is 30",
        ),
        edit(
            "google_logging_project_bucket_config",
            "module.standby_observability.*workload*",
            {"locked": False},
            says="is not locked",
        ),
        edit(
            "aws_prometheus_workspace_configuration",
            "module.primary_observability.*",
            {"retention_period_in_days": 30},
            says="retention is 30",
        ),
    ],
)


@checks(KEPT)
def test_records_are_kept_and_encrypted(platform: Platform) -> None:
    """Retention and keys of log groups, log buckets and metric workspaces on both clouds."""
    kinds = (
        "aws_cloudwatch_log_group",
        "google_logging_project_bucket_config",
        "aws_prometheus_workspace_configuration",
    )
    findings = judge(platform.all(*kinds), _is_kept)

    assert not findings.broken, findings.table()


def _is_kept(store: Item) -> list[str]:
    found = [store.number(one) for one in ("retention_in_days", "retention_days", "retention_period_in_days")]
    said = [outside("the retention", next((one for one in found if one is not None), None), LOG_DAYS.of(store))]
    if store.kind == "aws_cloudwatch_log_group":
        said += [] if store.has("kms_key_id") else ["has no key of ours"]
        said += [] if store.get("skip_destroy") is not True else ["outlives its declaration"]
    if store.kind.startswith("google"):
        said += [] if store.has("cmek_settings.0.kms_key_name") else ["has no key of ours"]
        said += [] if store.get("enable_analytics") is True else ["is not searchable"]
        locked = store.get("locked") is True
        said += [] if locked is UNALTERABLE.of(store) else [f"is {'' if locked else 'not '}locked"]
    return [one for one in said if one]


ALARM = Control(
    id="MET-002",
    title="An alarm MUST act on both ends, decide within a quarter of an hour on a majority, at a threshold that means something",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
    remedy="Set actions, period, evaluation_periods, datapoints_to_alarm and threshold within the bounds that the finding names.",
    frameworks={"nist": "SI-4", "pci": "10.4.1", "soc2": "CC7.2"},
    relates=(
        "aws_cloudwatch_metric_alarm",
        "aws_opensearch_domain",
        "aws_cloudwatch_log_metric_filter",
        "aws_prometheus_workspace",
    ),
    mutants=[
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_observability.aws_cloudwatch_metric_alarm.search["red"]',
            {"actions_enabled": False},
            says="does not act",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_observability.aws_cloudwatch_metric_alarm.search["storage"]',
            {"threshold": 100},
            says="free space is",
        ),
        remove(
            "aws_cloudwatch_metric_alarm",
            'module.primary_observability.aws_cloudwatch_metric_alarm.audit["exec"]',
            says="nothing is alarmed",
            name="without-exec",
        ),
        remove(
            "aws_cloudwatch_metric_alarm",
            'module.primary_observability.aws_cloudwatch_metric_alarm.search["key"]',
            says="no alarm on KMSKeyError",
        ),
    ],
)


@checks(ALARM)
def test_alarms_are_complete(platform: Platform) -> None:
    """Alarms on search, metrics and audit filters; and each of those has its alarms."""
    watched = ("AWS/ES", "AWS/Prometheus")
    filters = platform.all("aws_cloudwatch_log_metric_filter")
    counted = {one.text("metric_transformation.0.name"): one for one in filters}
    alarms = [
        one
        for one in platform.all("aws_cloudwatch_metric_alarm")
        if one.text("namespace") in watched or one.text("metric_name") in counted
    ]
    domains = platform.all("aws_opensearch_domain")
    sizes = {one.text("domain_name"): one.number("ebs_options.0.volume_size") or 0 for one in domains}
    texts = " ".join(str(one.get("access_policies")) for one in domains)
    metrics = {
        (one.text("dimensions.DomainName") if one.text("namespace") == "AWS/ES" else "", one.text("metric_name"))
        for one in alarms
    }
    sources = [*filters, *domains, *platform.all("aws_prometheus_workspace")]
    findings = judge(
        [*alarms, *sources], lambda one: _is_sound(one, sizes, texts) if one in alarms else _is_alarmed(one, metrics)
    )

    assert not findings.broken, findings.table()


def _is_sound(alarm: Item, sizes: Mapping[str, float], texts: str) -> list[str]:
    period, periods, points = (
        alarm.number(one) or 0 for one in ("period", "evaluation_periods", "datapoints_to_alarm")
    )
    points = points if alarm.has("datapoints_to_alarm") else periods
    said: list[str | None] = [] if alarm.get("actions_enabled") is not False else ["does not act"]
    said += [f"{one} reach nobody" for one in ("alarm_actions", "ok_actions") if not alarm.refers(one, "aws_sns_topic")]
    said.append(outside("the period", period, PERIODS_S))
    if not 0 < points == periods or period * periods > DECIDED_S:
        said.append(f"decides on {points:g} of {periods:g} periods of {period:g} s")
    name, threshold = alarm.text("metric_name"), alarm.number("threshold")
    due = next((value for key, value in THRESHOLDS.items() if name.endswith(key)), None)
    exact = 1.0 if "OrEqual" in alarm.text("comparison_operator") else 0.0
    said.append(outside("the threshold", threshold, due or (exact, exact)))
    domain = alarm.text("dimensions.DomainName") if alarm.text("namespace") == "AWS/ES" else ""
    if name == "FreeStorageSpace":
        said.append(outside("the share of free space", (threshold or 0) / (sizes.get(domain, 0) * 1024 or 1), FREE))
    if domain and f":{alarm.text('dimensions.ClientId')}:domain/" not in texts:
        said.append("watches a domain of another account")
    return [one for one in said if one]


def _is_alarmed(source: Item, metrics: set[tuple[str, str]]) -> list[str]:
    names = {name for _, name in metrics}
    if source.kind == "aws_prometheus_workspace":
        return [] if "DiscardedSamples" in names else ["no alarm on DiscardedSamples"]
    if source.kind == "aws_opensearch_domain":
        domain = source.text("domain_name")
        return [f"no alarm on {one}" for one in SEARCH_METRICS if (domain, one) not in metrics]
    change = source.mapping("metric_transformation")
    said = (
        []
        if (change.get("value"), change.get("default_value")) in (("1", "0"), ("1", None))
        else ["does not count one by one from zero"]
    )
    return said + ([] if str(change.get("name")) in names else ["nothing is alarmed by it"])


SCRAPE = Control(
    id="MET-005",
    title="Prometheus MUST be two, keep more than the objectives' window, and scrape and probe within their waits",
    system="metrics",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus.io/docs/introduction/faq/#can-prometheus-be-made-highly-available",
    remedy="Set replicas 2, a retention above the longest objective's window, intervals of 10 to 60 s with shorter timeouts.",
    frameworks={"nist": "AU-6", "soc2": "A1.1"},
    relates=("Prometheus", "SLO", "ServiceMonitor"),
    mutants=[
        edit("Prometheus", "primary:monitoring/platform", {"spec": {"retention": "7d"}}, says="keeps 7 days"),
        edit("Prometheus", "primary:monitoring/platform", {"spec": {"replicas": 1}}, says="replicas is 1"),
        edit(
            "ServiceMonitor",
            "primary:shop/orders",
            {"spec": {"endpoints": [{"interval": "150s"}]}},
            says="interval is 150",
        ),
        edit("SLO", "*#orders-latency", {"spec": {"timeWindow": [{"duration": "90d"}]}}, says="of 90"),
    ],
)


@checks(SCRAPE)
def test_scraping_is_redundant_and_in_time(platform: Platform) -> None:
    """Replicas, retention, intervals and timeouts of what collects."""
    windows = [
        seconds(window.get("duration")) or 0
        for one in platform.all("SLO")
        for window in one.mappings("spec.timeWindow")
    ]
    longest = max(windows, default=0) / 86400
    findings = judge(
        platform.all("Prometheus", "ServiceMonitor", "PodMonitor", "Probe"), lambda one: _collects(one, longest)
    )

    assert not findings.broken, findings.table()


def _collects(one: Item, longest: float) -> list[str]:
    said: list[str | None] = []
    paced = [one.mapping("spec"), *one.mappings("spec.endpoints"), *one.mappings("spec.podMetricsEndpoints")]
    for node in paced:
        every, waits = (
            seconds(node.get(a) or node.get(b))
            for a, b in (("interval", "scrapeInterval"), ("scrapeTimeout", "scrapeTimeout"))
        )
        said += [outside("the interval", every, SCRAPED_S)] if every is not None else []
        said += [f"waits {waits:g} s of {every:g} s"] if every and waits is not None and not 5 <= waits < every else []  # noqa: PLR2004 - a slow exporter needs five seconds
    if one.kind != "Prometheus":
        return [text for text in said if text] + (
            [] if any("interval" in node for node in paced) else ["names no interval"]
        )
    kept = (seconds(one.get("spec.retention")) or 0) / 86400
    said += [] if longest < kept <= 3 * longest else [f"keeps {kept:g} days of {longest:g}"]
    said.append(outside("replicas", number_of(one.get("spec.replicas")), (2.0, 3.0)))
    said.append(outside("shards", number_of(one.get("spec.shards")), (1.0, 1.0)))
    return [text for text in said if text]
