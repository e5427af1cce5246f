"""Caches of both clouds: alike, authenticated, survivable."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import GUARDED

CACHES = ("aws_elasticache_replication_group", "google_memorystore_instance")

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
    if cache.text("zone_distribution_config.0.mode") != "MULTI_ZONE":
        said.append("lives in one zone")
    if cache.get("deletion_protection_enabled") is not GUARDED.of(cache):
        said.append(f"one command {'does not delete' if GUARDED.of(cache) is False else 'deletes'} it")
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
