"""Caches of both clouds in operation: restorable, reached on their port, watched."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.alarms import sound, unwatched
from suites.policy.classes import LOG_DAYS, ByClass

CACHES = ("aws_elasticache_replication_group", "google_memorystore_instance")

#: Share of memory, processor time, keys or seconds at which there is still time to act.
THRESHOLDS = {
    "DatabaseMemoryUsagePercentage": (60, 90),
    "EngineCPUUtilization": (60, 90),
    "Evictions": (200, 5_000),
    "ReplicationLag": (1, 30),
    "AuthenticationFailures": (5, 50),
}

KEPT = Control(
    id="CACHE-006",
    title="A cache MUST be restorable: snapshots for one to five weeks at night, outside the maintenance window, and a final one",
    system="cache",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/backups.html",
    remedy="Set the retention on both clouds, a final snapshot, no immediate changes, no upgrades by themselves.",
    relates=CACHES,
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_elasticache_replication_group",
            "module.primary_cache.*",
            {"snapshot_retention_limit": 0},
            says="0 days",
        ),
        edit(
            "google_memorystore_instance",
            "module.standby_cache.*",
            {"automated_backup_config": [{"retention": "86400s"}]},
            says="1 days",
        ),
    ],
)

#: A warm start after a failover wants last night's; older than five weeks the content is stale anyway.
SNAPSHOT_DAYS = ByClass(production=(7, 35), rehearsal=(3, 35), trial=(1, 35))

#: Hours (UTC) of few visitors.
NIGHT = range(1, 6)


@checks(KEPT)
def test_caches_are_restorable(platform: Platform) -> None:
    """A cold start of the cache can be avoided."""
    findings = judge(platform.all(*CACHES), _kept)

    assert not findings.broken, findings.table()


def _kept(cache: Item) -> list[str]:
    if cache.kind.startswith("aws_"):
        days = cache.number("snapshot_retention_limit") or 0
        said = [] if cache.has("final_snapshot_identifier") else ["leaves no final snapshot"]
        said += [
            f"{name} is on"
            for name in ("apply_immediately", "auto_minor_version_upgrade")
            if cache.text(name).lower() == "true"
        ]
        if cache.text("snapshot_window")[:2] == cache.text("maintenance_window").split(":")[1][:2]:
            said.append("snapshot and maintenance begin in the same hour")
    else:
        days = float(cache.text("automated_backup_config.0.retention").removesuffix("s") or 0) / 86_400
        hours = [cache.number("automated_backup_config.0.fixed_frequency_schedule.0.start_time.0.hours")]
        window = "maintenance_policy.0.weekly_maintenance_window.0.start_time.0"
        hours.append(cache.number(f"{window}.hours"))
        said = [f"works at {one} o'clock" for one in hours if one not in NIGHT]
        if len(set(hours)) < len(hours) or any(
            cache.number(f"{window}.{name}") for name in ("minutes", "seconds", "nanos")
        ):
            said.append("backup and maintenance collide, or begin at an odd time")
        if cache.text("persistence_config.0.mode") not in ("RDB", "AOF") or not cache.mappings(
            "persistence_config.0.rdb_config"
        ):
            said.append("loses everything at a restart")
    low, high = SNAPSHOT_DAYS.of(cache)
    return [*said, *([] if low <= days <= high else [f"keeps snapshots for {days:g} days"])]


REACHED = Control(
    id="CACHE-007",
    title="A cache MUST be reached on its own port from declared groups, in the platform's networks",
    system="cache",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VPCs.EC2.html",
    remedy="Take the rule's ports from the cache, its source from the nodes' group; one connection policy for Memorystore.",
    relates=(
        "aws_elasticache_replication_group",
        "aws_vpc_security_group_ingress_rule",
        "google_network_connectivity_service_connection_policy",
    ),
    frameworks={"nist": "SC-7", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit("aws_vpc_security_group_ingress_rule", "module.primary_cache.*", {"to_port": 65535}, says="65535"),
        remove("google_network_connectivity_service_connection_policy", "module.standby_cache.*", says="no endpoint"),
    ],
)

#: Memorystore takes an endpoint for each shard and one to discover them; a network should not be exhausted by one service.
ENDPOINTS = (2, 16)


@checks(REACHED)
def test_caches_are_reached_on_their_port(platform: Platform) -> None:
    """Only the nodes talk to a cache, on the port of the cache."""
    findings = judge(platform.all(*CACHES), lambda one: _reached(platform, one))

    assert not findings.broken, findings.table()


def _reached(platform: Platform, cache: Item) -> list[str]:
    if cache.kind.startswith("google_"):
        networks = {one.address for one in cache.refers("desired_auto_created_endpoints")}
        policies = [
            one
            for one in platform.all("google_network_connectivity_service_connection_policy")
            if networks & {to.address for to in one.refers("network")}
        ]
        limits = [
            one.number("psc_config.0.limit") or 0
            for one in policies
            if one.refers("psc_config", "google_compute_subnetwork")
        ]
        return (
            []
            if limits and all(ENDPOINTS[0] <= one <= ENDPOINTS[1] for one in limits)
            else [f"has no endpoint, or {limits} of them"]
        )
    port = cache.number("port")
    rules = [
        rule
        for group in cache.refers("security_group_ids", "aws_security_group")
        for rule in platform.referrers(group, "aws_vpc_security_group_ingress_rule")
    ]
    rules = [
        one
        for one in rules
        if {to.address for to in one.refers("security_group_id")}
        & {to.address for to in cache.refers("security_group_ids")}
    ]
    said = [] if rules else ["nobody reaches it"]
    for rule in rules:
        ports = (rule.number("from_port"), rule.number("to_port"))
        if ports != (port, port) or not rule.refers("referenced_security_group_id", "aws_security_group"):
            said.append(f"is reached on {ports} from no declared group, or not on {port}")
    return said


WATCHED = Control(
    id="CACHE-008",
    title="Every node of a cache MUST be watched for memory, processor, evictions, lag and refused log-ins; its logs MUST be kept",
    system="cache",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html",
    remedy="Declare an alarm for each metric and node; deliver both logs to encrypted log groups with retention.",
    relates=("aws_elasticache_replication_group", "aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_group"),
    frameworks={"nist": "SI-4", "pci": "10.5.1", "soc2": "CC7.2"},
    mutants=[
        remove(
            "aws_cloudwatch_metric_alarm",
            'module.primary_cache.aws_cloudwatch_metric_alarm.node["memory-002"]',
            says="DatabaseMemoryUsagePercentage of CacheClusterId",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_cache.aws_cloudwatch_metric_alarm.node["cpu-001"]',
            {"threshold": 99},
            says="99",
        ),
        remove("aws_cloudwatch_log_group", "module.primary_cache.*slow*", says="slow-log"),
    ],
)


@checks(WATCHED)
def test_cache_nodes_are_watched(platform: Platform) -> None:
    """A node in trouble calls somebody, and its log tells why."""
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.text("namespace") == "AWS/ElastiCache"]
    findings = judge(
        [*platform.all("aws_elasticache_replication_group"), *alarms],
        lambda one: sound(one, THRESHOLDS) if one.kind.endswith("alarm") else _watched(one, alarms),
    )

    assert not findings.broken, findings.table()


def _watched(cache: Item, alarms: list[Item]) -> list[str]:
    nodes = [
        f"{cache.text('replication_group_id')}-{number + 1:03d}"
        for number in range(int(cache.number("num_cache_clusters") or 0))
    ]
    said = unwatched(alarms, THRESHOLDS, "CacheClusterId", nodes)
    groups = {one.text("name"): one for one in cache.refers("log_delivery_configuration", "aws_cloudwatch_log_group")}
    delivered = {
        str(one.get("log_type")): str(one.get("destination")) for one in cache.mappings("log_delivery_configuration")
    }
    low, high = LOG_DAYS.of(cache)
    for log in ("slow-log", "engine-log"):
        group = groups.get(delivered.get(log, ""))
        days = 0 if group is None else group.number("retention_in_days") or 0
        if (
            group is None
            or not low <= days <= high
            or not group.refers("kms_key_id")
            or group.get("skip_destroy") is True
        ):
            said.append(f"{log} is kept for {days:g} days, or not encrypted")
    return said
