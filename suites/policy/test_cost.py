"""Budgets, commitments, bills of both clouds."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

BUDGETS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html"
COVERAGE = "https://docs.aws.amazon.com/cost-management/latest/userguide/ri-utilization-budget.html"
#: A warning that comes at less than half of the month's money is noise; one at more than all of it is late.
WARN_PERCENT = (50, 100)
#: Below half the baseline is bought dear; at all of it the first idle hour warns.
COVERED_PERCENT, USED_PERCENT = (50, 90), (90, 99)
FULL = 100
#: An anomaly between a thousandth and a hundredth of the month's money is worth a look.
ANOMALY_SHARE = (0.001, 0.02)
#: The standby follows at reduced size: a fifth to a half of what the primary may cost.
STANDBY_SHARE = (0.2, 0.5)
#: A service that has a budget of its own takes at least a tenth of the month's money.
SERVICE_SHARE = 0.1
COVERED = ("CACHE", "COMPUTE", "DATABASE")

WARNED = Control(
    id="COST-001",
    title="Every cost budget MUST warn a topic and a person before it is spent, when it is spent, and when it is forecast to be",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=BUDGETS,
    remedy="Give the budget notifications ACTUAL below 100 %, ACTUAL 100 % and FORECASTED 100 %, each with an SNS topic and an address.",
    relates=("aws_budgets_budget", "aws_sns_topic"),
    frameworks={"nist": "SA-2"},
    mutants=[
        edit("aws_budgets_budget", "*.total", {"notification": [None]}, says="notifications"),
        edit("aws_budgets_budget", "*.total", {"notification": [{"threshold": 1000}]}, says="1000"),
    ],
)


@checks(WARNED)
def test_budgets_warn(platform: Platform) -> None:
    """Each budget of money has the three notifications, reaching a topic."""
    findings = judge([one for one in platform.all("aws_budgets_budget") if one.text("budget_type") == "COST"], _warns)

    assert not findings.broken, findings.table()


def _warns(budget: Item) -> list[str]:
    notes = budget.mappings("notification")
    actual = sorted(float(str(one.get("threshold"))) for one in notes if one.get("notification_type") == "ACTUAL")
    forecast = [float(str(one.get("threshold"))) for one in notes if one.get("notification_type") == "FORECASTED"]
    said = []
    if (
        forecast != [FULL]
        or len(actual) < len(WARN_PERCENT)
        or actual[-1] != FULL
        or not WARN_PERCENT[0] <= actual[0] < WARN_PERCENT[1]
    ):
        said.append(f"notifications at {actual} % spent and {forecast} % forecast")
    said += [] if all(one.get("subscriber_email_addresses") for one in notes) else ["a notification reaches no person"]
    return said + ([] if budget.refers("notification", "aws_sns_topic") else ["its notifications reach no topic"])


LIMITS = Control(
    id="COST-002",
    title="Service budgets MUST add up to less than the total, and the standby's budget MUST fit its role beside the primary's",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=BUDGETS,
    remedy="Lower the limits of the services, raise the total, or size the standby's budget between a fifth and a half of the primary's.",
    relates=("aws_budgets_budget", "google_billing_budget", "aws_ce_anomaly_subscription"),
    mutants=[
        edit("aws_budgets_budget", "*.total", {"limit_amount": "4200"}, says="more than the total"),
        edit(
            "google_billing_budget",
            "*",
            {"amount": [{"specified_amount": [{"units": "140000"}]}]},
            says="of the primary's",
        ),
        remove("aws_ce_anomaly_subscription", "*", says="anomalies"),
    ],
)


@checks(LIMITS)
def test_limits_add_up(platform: Platform) -> None:
    """The total covers its services, anomalies are told in proportion, the standby costs a share of the primary."""
    money = sorted(
        (one for one in platform.all("aws_budgets_budget") if one.text("budget_type") == "COST"),
        key=lambda one: one.number("limit_amount") or 0,
    )
    # The largest is the total; a budget that leaves a service unnamed is not known before it is applied.
    services = [one.number("limit_amount") or 0 for one in money[:-1]]
    unnamed = [one.address for one in money[:-1] if not one.has("cost_filter.0")]
    findings = judge(
        money[-1:], lambda one: [*_adds_up(platform, one, services), *(f"{x} names no service" for x in unnamed)]
    )

    assert not findings.broken, findings.table()


def _adds_up(platform: Platform, budget: Item, services: list[float]) -> list[str]:
    limit = budget.number("limit_amount") or 0
    said = (
        []
        if sum(services) < limit <= 2 * sum(services)
        else [f"services of {sum(services):g} are more than the total of {limit:g} or less than half of it"]
    )
    said += [
        f"a service of {one:g} is less than a tenth of {limit:g}" for one in services if one < SERVICE_SHARE * limit
    ]
    said += [] if len(services) > 1 else ["no service has a budget of its own"]
    for other in platform.all("google_billing_budget"):
        share = (other.number("amount.0.specified_amount.0.units") or 0) / max(limit, 1)
        said += (
            []
            if STANDBY_SHARE[0] <= share <= STANDBY_SHARE[1]
            else [f"the standby may cost {share:.0%} of the primary's"]
        )
    told = platform.all("aws_ce_anomaly_subscription")
    said += [] if told else ["nobody hears of anomalies"]
    for one in told:
        usd = one.number("threshold_expression.0.dimension.0.values.0") or 0
        heard = (
            one.refers("monitor_arn_list", "aws_ce_anomaly_monitor")
            and one.refers("subscriber", "aws_sns_topic")
            and one.has("subscriber.0")
        )
        said += (
            []
            if heard and ANOMALY_SHARE[0] * limit <= usd <= ANOMALY_SHARE[1] * limit
            else [f"anomalies of {usd:g} are told to nobody, too early or too late"]
        )
    return said


COMMITTED = Control(
    id="COST-003",
    title="Every service with a steady baseline MUST be covered by commitments, and what is committed MUST be used",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=COVERAGE,
    remedy="Declare a coverage and a utilisation budget for compute, database and cache, with a notification LESS_THAN.",
    relates=("aws_budgets_budget", "aws_rds_cluster", "aws_elasticache_replication_group", "aws_eks_node_group"),
    mutants=[
        remove("aws_budgets_budget", '*["database-coverage"]', says="is not watched"),
        edit("aws_budgets_budget", '*["compute-utilisation"]', {"notification": [{"threshold": 9}]}, says="9 %"),
        edit("aws_budgets_budget", '*["cache-coverage"]', {"cost_types": [{"include_tax": True}]}, says="include_tax"),
    ],
)


@checks(COMMITTED)
def test_baseline_is_committed(platform: Platform) -> None:
    """What always runs has a budget of coverage and of use, which counts the commitments alone."""
    shares = [one for one in platform.all("aws_budgets_budget") if one.text("budget_type") != "COST"]
    steady = {
        "Amazon Relational Database Service": platform.all("aws_rds_cluster"),
        "Amazon ElastiCache": platform.all("aws_elasticache_replication_group"),
        "": platform.all("aws_eks_node_group"),
    }
    seen = {(_service(one), one.text("budget_type").rsplit("_", 1)[-1]) for one in shares}
    subjects = [*shares, *(found[0] for found in steady.values() if found)] if shares else []
    wanted = {found[0].address: service for service, found in steady.items() if found}
    findings = judge(
        subjects, lambda one: _watched(seen, wanted[one.address]) if one.address in wanted else _committed(one)
    )

    assert not findings.broken, findings.table()


def _service(budget: Item) -> str:
    return budget.text("cost_filter.0.values.0") if budget.text("budget_type").startswith("RI_") else ""


def _watched(seen: set[tuple[str, str]], service: str) -> list[str]:
    return [
        f"{kind} of {service or 'compute'} is not watched"
        for kind in ("COVERAGE", "UTILIZATION")
        if (service, kind) not in seen
    ]


def _committed(budget: Item) -> list[str]:
    notes = budget.mappings("notification")
    bounds = COVERED_PERCENT if budget.text("budget_type").endswith("COVERAGE") else USED_PERCENT
    said = [] if notes and budget.refers("notification", "aws_sns_topic") else ["warns nobody"]
    said += [
        f"warns below {one.get('threshold')} %"
        for one in notes
        if not bounds[0] <= float(str(one.get("threshold"))) <= bounds[1]
        or one.get("comparison_operator") != "LESS_THAN"
    ]
    said += (
        []
        if budget.number("limit_amount") == FULL and budget.text("limit_unit") == "PERCENTAGE"
        else [f"counts to {budget.text('limit_amount')}"]
    )
    if budget.text("budget_type").startswith("RI_") and not _service(budget):
        said.append("counts no one service")
    types = budget.mapping("cost_types")
    return said + (
        [f"{key} is {value}" for key, value in types.items() if value is not (key == "include_subscription")]
        or ([] if types else ["counts all kinds of cost"])
    )


BILLED = Control(
    id="COST-004",
    title="The bill MUST be exported hourly by resource, with every tag of the platform activated for allocation",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/cur/latest/userguide/dataexports-create-standard.html",
    remedy="Declare the export with INCLUDE_RESOURCES and split cost allocation data, and an active cost allocation tag for each default tag.",
    relates=("aws_bcmdataexports_export", "aws_ce_cost_allocation_tag", "aws_s3_bucket"),
    mutants=[
        remove("aws_ce_cost_allocation_tag", '*["cost-centre"]', says="cost-centre"),
        remove("aws_bcmdataexports_export", "*", says="no bill"),
    ],
)


@checks(BILLED)
def test_bill_is_exported(platform: Platform) -> None:
    """Where there are budgets there is an export, and each tag on resources can be billed by."""
    active = {
        one.text("tag_key") for one in platform.all("aws_ce_cost_allocation_tag") if one.text("status") == "Active"
    }
    buckets = platform.all("aws_s3_bucket")
    findings = judge(
        [one for one in buckets if platform.all("aws_budgets_budget")], lambda one: _billed(platform, one, active)
    )

    assert not findings.broken, findings.table()


def _billed(platform: Platform, bucket: Item, active: set[str]) -> list[str]:
    said = [
        f"nobody can bill by {one}" for one in sorted(set(bucket.mapping("tags_all")) - active - {"Name", "backup"})
    ]
    exports = platform.all("aws_bcmdataexports_export")
    said += [] if exports else ["no bill is exported"]
    for export in exports:
        table = export.mapping("export.0.data_query.0.table_configurations.COST_AND_USAGE_REPORT")
        wanted = {
            "INCLUDE_RESOURCES": "TRUE",
            "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "TRUE",
            "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
            "TIME_GRANULARITY": "HOURLY",
        }
        said += [f"{key} is not {value}" for key, value in wanted.items() if str(table.get(key)).upper() != value]
        whole = export.has(
            "export.0.destination_configurations.0.s3_destination.0.s3_output_configurations.0"
        ) and export.has("export.0.refresh_cadence.0")
        said += [] if whole and export.refers("export", "aws_s3_bucket") else ["is exported nowhere, or never again"]
    return said


STANDBY = Control(
    id="COST-005",
    title="The budget of the standby's project MUST warn in ascending steps, of spending and of forecast, a channel and a topic",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/billing/docs/how-to/budgets",
    remedy="Give the budget ascending threshold_rules of both bases up to 1.0 and 1.2, a Pub/Sub topic that billing may publish to, and a channel.",
    relates=(
        "google_billing_budget",
        "google_pubsub_topic",
        "google_monitoring_notification_channel",
        "google_pubsub_topic_iam_member",
    ),
    mutants=[
        edit("google_billing_budget", "*", {"threshold_rules": [{}, {}, {"threshold_percent": 10}]}, says="thresholds"),
        remove("google_pubsub_topic_iam_member", "module.standby_cost.*", says="may not publish"),
    ],
)

#: Half spent, most spent, all spent; all and a fifth more forecast.
CURRENT, FORECAST = (0.5, 1.0, 3), (1.0, 1.2, 2)


@checks(STANDBY)
def test_standby_budget_warns(platform: Platform) -> None:
    """Each billing budget has ascending thresholds of both bases, a channel and a topic that may be published to."""
    findings = judge(platform.all("google_billing_budget"), lambda one: _standby_warns(platform, one))

    assert not findings.broken, findings.table()


def _standby_warns(platform: Platform, budget: Item) -> list[str]:
    said = []
    for basis, (first, last, count) in (("CURRENT_SPEND", CURRENT), ("FORECASTED_SPEND", FORECAST)):
        steps = [
            float(str(one.get("threshold_percent")))
            for one in budget.mappings("threshold_rules")
            if one.get("spend_basis") == basis
        ]
        if len(steps) < count or steps != sorted(set(steps)) or steps[0] != first or steps[-1] != last:
            said.append(f"{basis}: thresholds {steps} do not ascend from {first} to {last}")
    said += [] if budget.refers("all_updates_rule", "google_monitoring_notification_channel") else ["warns no channel"]
    said += (
        []
        if budget.get("all_updates_rule.0.disable_default_iam_recipients") is False
        and budget.get("all_updates_rule.0.enable_project_level_recipients") is True
        else ["does not warn the owners"]
    )
    said += [] if budget.text("all_updates_rule.0.schema_version") == "1.0" else ["sends in a schema that is not 1.0"]
    said += [] if budget.has("budget_filter.0.projects") else ["counts every project"]
    topics = budget.refers("all_updates_rule", "google_pubsub_topic")
    said += [] if topics else ["sends to no topic"]
    for topic in topics:
        said += (
            []
            if platform.referrers(topic, "google_pubsub_topic_iam_member")
            else [f"billing may not publish to {topic.address}"]
        )
        kept = topic.number("message_retention_duration") or float(
            topic.text("message_retention_duration").rstrip("s") or 0
        )
        said += (
            []
            if KEPT_S[0] <= kept <= KEPT_S[1] and topic.has("message_storage_policy.0.allowed_persistence_regions")
            else [f"{topic.address} keeps messages {kept:g} s, or anywhere"]
        )
    return said


#: A weekend to a month: Pub/Sub keeps at most 31 days.
KEPT_S = (3 * 86400, 31 * 86400)
