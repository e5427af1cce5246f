"""Caches of both clouds: alike, authenticated, survivable, watched."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.alarms import sound, unwatched

CACHES = ("aws_elasticache_replication_group", "google_memorystore_instance")

#: Share of memory, processor time, keys or seconds at which there is still time to act.
THRESHOLDS = {
    "DatabaseMemoryUsagePercentage": (60, 90),
    "EngineCPUUtilization": (60, 90),
    "Evictions": (200, 5_000),
    "ReplicationLag": (1, 30),
    "AuthenticationFailures": (5, 50),
}

AUTHENTICATED = Control(
    id="CACHE-001",
    title="Every cache MUST demand TLS and an identity, and be encrypted at rest by a key of its site",
    system="cache",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html",
    remedy="transit_encryption_mode required with a user group; authorization_mode IAM_AUTH; a key on both clouds.",
    relates=(
        "aws_elasticache_replication_group",
        "aws_kms_key",
        "google_memorystore_instance",
        "google_kms_crypto_key",
    ),
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"},
    mutants=[
        edit(
            "aws_elasticache_replication_group",
            "module.primary_cache.*",
            {"transit_encryption_enabled": False},
            says="accepts clear text",
        ),
        edit(
            "google_memorystore_instance",
            "module.standby_cache.*",
            {"authorization_mode": "AUTH_DISABLED"},
            says="asks for no identity",
        ),
        edit("google_memorystore_instance", "module.standby_cache.*", {"kms_key": None}, says="no key of standby"),
    ],
)


@checks(AUTHENTICATED)
def test_caches_demand_tls_and_identity(platform: Platform) -> None:
    """A cache answers nobody whom it does not know, and nobody else listens."""
    sites = {one.address: one.site for one in platform.all("aws_kms_key", "google_kms_crypto_key")}
    findings = judge(platform.all(*CACHES), lambda one: _authenticated(one, sites))

    assert not findings.broken, findings.table()


def _authenticated(cache: Item, sites: dict[str, str]) -> list[str]:
    aws = cache.kind.startswith("aws_")
    encrypted = cache.get("transit_encryption_enabled") is True and cache.text("transit_encryption_mode") == "required"
    said = (
        [] if encrypted or cache.text("transit_encryption_mode") == "SERVER_AUTHENTICATION" else ["accepts clear text"]
    )
    if not (
        cache.refers("user_group_ids", "aws_elasticache_user_group") or cache.text("authorization_mode") == "IAM_AUTH"
    ):
        said.append("asks for no identity")
    if cache.site not in {sites.get(key.address) for key in cache.refers("kms_key_id" if aws else "kms_key")}:
        said.append(f"no key of {cache.site} encrypts it")
    if aws and cache.text("at_rest_encryption_enabled").lower() != "true":
        said.append("is not encrypted at rest")
    return said


USERS = Control(
    id="CACHE-002",
    title="Users of a cache MUST log in by IAM to a prefix of their own, and the default user MUST be off",
    system="cache",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html",
    remedy="Give each service a user of type iam with `~prefix:*` and without @dangerous; switch `default` off.",
    relates=("aws_elasticache_user_group", "aws_elasticache_user"),
    frameworks={"nist": "AC-6", "pci": "7.2.1", "soc2": "CC6.3"},
    mutants=[
        edit(
            "aws_elasticache_user",
            "module.primary_cache.*.default",
            {"access_string": "on ~* +@all"},
            says="default user is on",
        ),
        remove("aws_elasticache_user", "module.primary_cache.*service*", says="no user but the default"),
        edit(
            "aws_elasticache_user",
            "module.primary_cache.*service*",
            {"access_string": "on ~* +@all"},
            says="every key",
            name="every-key",
        ),
    ],
)


@checks(USERS)
def test_cache_users_keep_to_their_keys(platform: Platform) -> None:
    """A service that is taken over reads its own keys and flushes nothing."""
    findings = judge(platform.all("aws_elasticache_user_group"), _users)

    assert not findings.broken, findings.table()


def _users(group: Item) -> list[str]:
    users = group.refers("user_ids", "aws_elasticache_user")
    said = [
        f"{one.name} needs no password"
        for one in users
        if one.get("no_password_required") is True or not one.mappings("authentication_mode")
    ]
    default = [one for one in users if one.text("user_name") == "default"]
    if not default or any(not one.text("access_string").startswith("off ") for one in default):
        said.append("the default user is on, or not ours")
    services = [one for one in users if one not in default]
    said += [] if services else ["has no user but the default"]
    for one in services:
        words = one.text("access_string").split()
        if "~*" in words or "+@all" in words or "-@dangerous" not in words:
            said.append(f"{one.name} has every key or every command")
        if one.text("authentication_mode.0.type") != "iam":
            said.append(f"{one.name} logs in by a password")
    return said


SURVIVES = Control(
    id="CACHE-003",
    title="A cache MUST survive a zone: the same number of replicas on both clouds, spread, with automatic failover",
    system="cache",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html",
    remedy="Set automatic_failover_enabled, multi_az_enabled and as many nodes as subnets; MULTI_ZONE with as many replicas.",
    relates=("aws_elasticache_replication_group", "aws_elasticache_subnet_group", "google_memorystore_instance"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_elasticache_replication_group",
            "module.primary_cache.*",
            {"multi_az_enabled": False},
            says="multi_az_enabled is not on",
        ),
        edit("google_memorystore_instance", "module.standby_cache.*", {"replica_count": 0}, says="1 nodes"),
    ],
)


@checks(SURVIVES)
def test_caches_survive_a_zone(platform: Platform) -> None:
    """Losing a zone costs seconds of the cache, on either cloud."""
    caches = platform.all(*CACHES)
    nodes = {_nodes(one) for one in caches}
    findings = judge(caches, lambda one: _survives(one, nodes))

    assert not findings.broken, findings.table()


def _nodes(cache: Item) -> float:
    if cache.kind.startswith("aws_"):
        return cache.number("num_cache_clusters") or 0
    return (cache.number("shard_count") or 0) * (1 + (cache.number("replica_count") or 0))


def _survives(cache: Item, nodes: set[float]) -> list[str]:
    said = [f"has {_nodes(cache):g} nodes, other sites {sorted(nodes - {_nodes(cache)})}"] if len(nodes) > 1 else []
    if cache.kind.startswith("aws_"):
        said += [
            f"{name} is not on"
            for name in ("automatic_failover_enabled", "multi_az_enabled")
            if cache.get(name) is not True
        ]
        subnets = [
            one
            for group in cache.refers("subnet_group_name", "aws_elasticache_subnet_group")
            for one in group.refers("subnet_ids", "aws_subnet")
        ]
        if len(subnets) != _nodes(cache):
            said.append(f"{_nodes(cache):g} nodes in {len(subnets)} subnets")
        return said
    if (
        cache.text("zone_distribution_config.0.mode") != "MULTI_ZONE"
        or cache.get("deletion_protection_enabled") is not True
    ):
        said.append("lives in one zone, or one command deletes it")
    if not cache.refers("desired_auto_created_endpoints", "google_compute_network"):
        said.append("is reached from no network of ours")
    return said


ALIKE = Control(
    id="CACHE-004",
    title="Both clouds MUST run the same engine with the same eviction policy",
    system="cache",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source="https://valkey.io/topics/lru-cache/",
    remedy="Raise both engine versions together and state maxmemory-policy on both sides.",
    relates=("aws_elasticache_replication_group", "aws_elasticache_parameter_group", "google_memorystore_instance"),
    frameworks={"nist": "CM-2"},
    mutants=[
        edit(
            "google_memorystore_instance",
            "module.standby_cache.*",
            {"engine_configs": {"maxmemory-policy": "noeviction"}},
            says="noeviction",
        ),
        edit(
            "google_memorystore_instance", "module.standby_cache.*", {"engine_version": "VALKEY_7_2"}, says="valkey 7.2"
        ),
    ],
)


@checks(ALIKE)
def test_caches_evict_alike(platform: Platform) -> None:
    """A service finds after a failover the cache it was tested with."""
    caches = platform.all(*CACHES)
    seen = {_engine(one) for one in caches}
    findings = judge(
        caches,
        lambda one: f"runs {_engine(one)}, other sites {sorted(seen - {_engine(one)})}" if len(seen) > 1 else None,
    )

    assert not findings.broken, findings.table()


def _engine(cache: Item) -> str:
    if cache.kind.startswith("google_"):
        engine, _, version = cache.text("engine_version").lower().partition("_")
        return f"{engine} {version.replace('_', '.')} {cache.text(('engine_configs', 'maxmemory-policy'))}"
    groups = cache.refers("parameter_group_name", "aws_elasticache_parameter_group")
    policy = next(
        (
            str(one.get("value"))
            for group in groups
            for one in group.mappings("parameter")
            if one.get("name") == "maxmemory-policy"
        ),
        "",
    )
    return f"{cache.text('engine')} {cache.text('engine_version')} {policy}"


TUNED = Control(
    id="CACHE-005",
    title="Memory, replication and idle clients of a cache MUST be bounded by stated parameters",
    system="cache",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html",
    remedy="State each parameter of BOUNDS within its bounds, and the family of the engine's version.",
    relates=("aws_elasticache_replication_group", "aws_elasticache_parameter_group"),
    frameworks={"nist": "CM-6"},
    mutants=[
        edit(
            "aws_elasticache_parameter_group",
            "module.primary_cache.*",
            {"parameter": [{}] * 7 + [{"value": "90"}]},
            says="reserved-memory-percent is 90",
        ),
        edit(
            "aws_elasticache_parameter_group",
            "module.primary_cache.*",
            {"parameter": [{}] * 11 + [None]},
            says="timeout is not stated",
        ),
    ],
)

#: Lowest and highest useful value, and why.
BOUNDS = {
    "min-replicas-max-lag": (5, 30),  # seconds: shorter than a failover, longer than a hiccup
    "min-replicas-to-write": (0, 0),  # a cache that stops writing for a lost replica is worse than one that forgets
    "repl-backlog-size": (16 * 2**20, 256 * 2**20),  # bytes: a replica that returns within a minute needs no full copy
    "reserved-memory-percent": (15, 40),  # AWS advises 25: the copy for a snapshot needs room
    "slowlog-log-slower-than": (1_000, 50_000),  # microseconds: a command must be rarer than a millisecond to matter
    "slowlog-max-len": (128, 1_024),  # entries: more is memory, fewer lose the cause
    "tcp-keepalive": (15, 120),  # seconds: a dead client is dropped within the failover's time
    "timeout": (60, 900),  # seconds: idle clients do not hold a connection for ever
}

SWITCHES = {"activedefrag": "yes", "close-on-replica-write": "yes", "lazyfree-lazy-eviction": "yes"}


@checks(TUNED)
def test_cache_parameters_are_bounded(platform: Platform) -> None:
    """Nothing that decides about memory or clients is left to a default."""
    findings = judge(platform.all("aws_elasticache_replication_group"), _tuned)

    assert not findings.broken, findings.table()


def _tuned(cache: Item) -> list[str]:
    groups = cache.refers("parameter_group_name", "aws_elasticache_parameter_group")
    stated = {str(one.get("name")): str(one.get("value")) for group in groups for one in group.mappings("parameter")}
    said = [
        f"{name} is {stated.get(name, 'not stated')}" for name, value in SWITCHES.items() if stated.get(name) != value
    ]
    said += [
        f"{name} is {stated.get(name, 'not stated')}, not {low} to {high}"
        for name, (low, high) in BOUNDS.items()
        if not low <= float(stated.get(name, "nan")) <= high
    ]
    family = f"{cache.text('engine')}{cache.text('engine_version').split('.')[0]}"
    return said + [f"family {one.text('family')} is not of {family}" for one in groups if one.text("family") != family]


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
SNAPSHOT_DAYS = (7, 35)

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
    return [*said, *([] if SNAPSHOT_DAYS[0] <= days <= SNAPSHOT_DAYS[1] else [f"keeps snapshots for {days:g} days"])]


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

#: PCI DSS 10.5.1 demands a year; beyond two the cost outweighs the use.
LOG_DAYS = (365, 731)


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
    for log in ("slow-log", "engine-log"):
        group = groups.get(delivered.get(log, ""))
        days = 0 if group is None else group.number("retention_in_days") or 0
        if (
            group is None
            or not LOG_DAYS[0] <= days <= LOG_DAYS[1]
            or not group.refers("kms_key_id")
            or group.get("skip_destroy") is True
        ):
            said.append(f"{log} is kept for {days:g} days, or not encrypted")
    return said
