"""Replication of the relational databases: within the cloud, and to the other one."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass

#: What the two vendors call otherwise, or let nobody set on the other side.
VENDOR_ONLY = ("rds.", "cloudsql.", "apg_", "aurora_", "shared_preload_libraries", "ssl_min_protocol_version")

#: Cloud SQL writes on and off where RDS writes 1 and 0.
SAME_MEANING = {"1": "on", "0": "off", "true": "on", "false": "off"}

#: A lag alarm below the objective cries wolf; above ten times it the objective is long broken.
ALARM_TIMES_OBJECTIVE = (1, 10)

Parameters = Mapping[str, str]


def _parameters(platform: Platform, cluster: Item) -> dict[str, str]:
    """What is stated for a cluster of either cloud, by name, in one spelling."""
    if cluster.kind == "google_sql_database_instance":
        stated = cluster.mappings("settings.0.database_flags")
    else:
        groups = cluster.refers("db_cluster_parameter_group_name", "aws_rds_cluster_parameter_group")
        for instance in platform.referrers(cluster, "aws_rds_cluster_instance"):
            groups += instance.refers("db_parameter_group_name", "aws_db_parameter_group")
        stated = [one for group in groups for one in group.mappings("parameter")]
    return {str(one.get("name")): _meaning(one.get("value")) for one in stated}


def _meaning(value: object) -> str:
    return SAME_MEANING.get(str(value).lower(), str(value))


def _number(parameters: Parameters, name: str) -> float:
    text = {"on": "1", "off": "0"}.get(parameters.get(name, ""), parameters.get(name, ""))
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


SAME_PARAMETERS = Control(
    id="AUR-010",
    title="What the standby's database does with a transaction MUST be stated as on the primary: same parameters, same values",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/runtime-config.html",
    remedy="State each parameter of the Aurora groups as a database flag of Cloud SQL, with the same value.",
    relates=("aws_rds_cluster", "aws_rds_cluster_parameter_group", "google_sql_database_instance"),
    frameworks={"nist": "CM-6", "soc2": "A1.2"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"database_flags": [{"value": "5"}]}]},
            says="auto_explain.log_min_duration is 5",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.*.primary",
            {"parameter": [{"value": "2000"}]},
            says="deadlock_timeout is 1000, elsewhere 2000",
        ),
    ],
)


@checks(SAME_PARAMETERS)
def test_both_clouds_state_the_same_parameters(platform: Platform) -> None:
    """A service meets the same time limits, locks and durability after a failover."""
    stated = {
        one.address: _parameters(platform, one)
        for one in platform.all("aws_rds_cluster")
        if not one.has("source_region")
    }
    findings = judge(
        platform.all("google_sql_database_instance"),
        lambda one: [said for other in stated.values() for said in _unlike(_parameters(platform, one), other)],
    )

    assert not findings.broken, findings.table()


def _unlike(here: Parameters, there: Parameters) -> list[str]:
    return [
        f"{name} is {here.get(name, 'not stated')}, elsewhere {value}"
        for name, value in there.items()
        if not name.startswith(VENDOR_ONLY) and here.get(name) != value
    ]


SAME_GROUPS = Control(
    id="AUR-011",
    title="A secondary cluster MUST run under the parameters of its primary, so that its promotion changes nothing",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-getting-started.html",
    remedy="Make both parameter groups of one map, and give both clusters the same switches.",
    relates=("aws_rds_cluster", "aws_rds_cluster_parameter_group", "aws_rds_cluster_instance"),
    frameworks={"nist": "CM-6", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.*.peer",
            {"parameter": [{"value": "5"}]},
            says="deadlock_timeout",
        ),
        edit(
            "aws_db_parameter_group",
            "module.primary_database.*.peer",
            {"parameter": [None]},
            says="auto_explain.log_min_duration",
        ),
        edit("aws_rds_cluster", "module.primary_database.*.peer", {"port": 5433}, says="port is 5433"),
    ],
)

#: What a client or an operator would notice if it changed at a promotion.
SAME_SWITCHES = (
    "port",
    "engine",
    "engine_version",
    "iam_database_authentication_enabled",
    "backup_retention_period",
    "storage_encrypted",
)


@checks(SAME_GROUPS)
def test_secondaries_run_as_their_primary_does(platform: Platform) -> None:
    """The peer region's cluster is the primary's twin."""
    clusters = platform.all("aws_rds_cluster")
    primaries = [one for one in clusters if not one.has("source_region")]
    findings = judge([one for one in clusters if one.has("source_region")], lambda one: _twin(platform, one, primaries))

    assert not findings.broken, findings.table()


def _twin(platform: Platform, peer: Item, primaries: list[Item]) -> list[str]:
    mine = {one.address for one in peer.refers("global_cluster_identifier")}
    twins = [one for one in primaries if mine & {to.address for to in one.refers("global_cluster_identifier")}]
    said = [] if twins else ["has no primary in its global cluster"]
    for twin in twins:
        here, there = _parameters(platform, peer), _parameters(platform, twin)
        said += [
            f"{name} is {here.get(name)}, the primary's {there.get(name)}"
            for name in {**here, **there}
            if here.get(name) != there.get(name)
        ]
        said += [
            f"{name} is {peer.get(name)}, the primary's {twin.get(name)}"
            for name in SAME_SWITCHES
            if peer.get(name) != twin.get(name)
        ]
    return said


CAPACITY = Control(
    id="AUR-012",
    title="Both ends of the logical replication MUST have slots, senders and workers for every database, and a bounded slot",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/logical-replication-config.html",
    remedy="Keep max_wal_senders >= max_replication_slots >= 2 per database, and max_worker_processes above the logical workers.",
    relates=("aws_rds_cluster", "google_sql_database_instance", "google_sql_database"),
    frameworks={"nist": "CP-2", "soc2": "A1.1"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"database_flags": [{}] * 24 + [{"value": "2"}]}]},
            says="2 slots",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.*.primary",
            {"parameter": [{}] * 28 + [{"value": "5"}]},
            says="senders",
        ),
    ],
)

#: A subscription holds one slot, and one more while a table is copied; twice that lets a failback be prepared meanwhile.
SLOTS_PER_DATABASE = 4

#: Beyond this many workers the processor is shared rather than added to (PostgreSQL documentation, max_worker_processes).
WORKERS_AT_MOST = 64

#: A slot that is not read may keep this much WAL (MB): more than an hour of writes, less than half of the disk's limit.
SLOT_KEEPS_MB = ByClass(production=(50_000, 500_000), rehearsal=(50_000, 500_000), trial=(10_000, 500_000))


@checks(CAPACITY)
def test_replication_has_room_for_every_database(platform: Platform) -> None:
    """No subscription waits for a slot, a sender or a worker."""
    databases = len(platform.all("google_sql_database")) or 1
    findings = judge(
        platform.all("aws_rds_cluster", "google_sql_database_instance"),
        lambda one: _roomy(_parameters(platform, one), databases, one),
    )

    assert not findings.broken, findings.table()


def _roomy(stated: Parameters, databases: int, cluster: Item) -> list[str]:
    slots, senders = _number(stated, "max_replication_slots"), _number(stated, "max_wal_senders")
    logical, workers = _number(stated, "max_logical_replication_workers"), _number(stated, "max_worker_processes")
    switch = "cloudsql.logical_decoding" if cluster.kind.startswith("google_") else "rds.logical_replication"
    said = [] if stated.get(switch) == "on" else [f"{switch} is off"]
    if slots < SLOTS_PER_DATABASE * databases:
        said.append(f"{slots:g} slots for {databases} databases")
    if not slots < senders <= 2 * slots:
        said.append(f"{senders:g} senders for {slots:g} slots")
    if not databases * 2 <= logical < workers <= WORKERS_AT_MOST:
        said.append(f"{logical:g} logical workers of {workers:g} for {databases} databases")
    if cluster.kind.startswith("google_"):
        kept, copying = _number(stated, "max_slot_wal_keep_size"), _number(stated, "max_sync_workers_per_subscription")
        if (
            not SLOT_KEEPS_MB.of(cluster)[0]
            <= kept
            <= min(SLOT_KEEPS_MB.of(cluster)[1], 512 * (cluster.number("settings.0.disk_autoresize_limit") or 0))
        ):
            said.append(f"a slot keeps {kept:g} MB")
        if not 1 <= copying <= logical / databases:
            said.append(f"{copying:g} copying workers for each subscription")
    return said


ORDERED = Control(
    id="AUR-013",
    title="The time limits of a session MUST nest: deadlock, lock, statement, idle transaction; and a dead peer MUST be dropped within two minutes",
    system="aurora",
    pillar=Pillar.PERFORMANCE,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/runtime-config-client.html",
    remedy="State deadlock_timeout < lock_timeout < statement_timeout <= idle_in_transaction_session_timeout, and TCP keepalives.",
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"database_flags": [{}] * 7 + [{"value": "900000"}]}]},
            says="do not grow",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"database_flags": [{}] * 34 + [{"value": "30"}]}]},
            says="dead peer",
        ),
    ],
)

NESTED = ("deadlock_timeout", "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

#: A crashed client must not hold its locks longer than a failover may take to be noticed.
DEAD_PEER_S = 120


@checks(ORDERED)
def test_time_limits_nest(platform: Platform) -> None:
    """The narrower limit strikes first, so that the error names the cause."""
    findings = judge(
        platform.all("aws_rds_cluster", "google_sql_database_instance"), lambda one: _nested(_parameters(platform, one))
    )

    assert not findings.broken, findings.table()


def _nested(stated: Parameters) -> list[str]:
    limits = [_number(stated, name) for name in NESTED]
    said = [f"{', '.join(NESTED)} do not grow: {limits}"] if limits != sorted(set(limits)) or not limits[0] else []
    dead = _number(stated, "tcp_keepalives_idle") + _number(stated, "tcp_keepalives_interval") * _number(
        stated, "tcp_keepalives_count"
    )
    if not 0 < dead <= DEAD_PEER_S:
        said.append(f"a dead peer is dropped after {dead:g} s")
    if stated.get("synchronous_commit") != "on" or stated.get("track_commit_timestamp") != "on":
        said.append("a commit is not durable, or bears no time")
    return said


SAME_ENGINE = Control(
    id="AUR-014",
    title="Both clouds MUST run the same major version of PostgreSQL with the same databases, and members their cluster's version",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/logical-replication-restrictions.html",
    remedy="Raise engine_version and database_version together; declare each database on both sides.",
    relates=("aws_rds_cluster", "google_sql_database_instance", "google_sql_database", "fact"),
    frameworks={"nist": "CM-2", "soc2": "A1.2"},
    mutants=[
        edit(
            "google_sql_database_instance", "module.standby_database.*", {"database_version": "POSTGRES_14"}, says="14"
        ),
        remove(
            "google_sql_database",
            'module.standby_database.google_sql_database.main["orders"]',
            says="the standby has no database",
        ),
    ],
)


@checks(SAME_ENGINE)
def test_both_clouds_run_the_same_engine_and_databases(platform: Platform) -> None:
    """A row that is replicated means the same on both sides and has a database to go to."""
    clusters = platform.all(
        "aws_rds_cluster", "aws_rds_cluster_instance", "aws_rds_global_cluster", "google_sql_database_instance"
    )
    majors = {_major(one) for one in clusters}
    copied = {one.text("name") for one in platform.all("google_sql_database")}
    names = {one.text("value") for one in platform.all("fact") if one.name.endswith("_database_name")}
    findings = judge(clusters, lambda one: _same_engine(one, majors, names - copied))

    assert not findings.broken, findings.table()


def _major(cluster: Item) -> str:
    return cluster.text("engine_version").split(".")[0] or cluster.text("database_version").split("_")[-1]


def _same_engine(cluster: Item, majors: set[str], missing: set[str]) -> list[str]:
    said = [f"runs {_major(cluster)}, other clusters {sorted(majors - {_major(cluster)})}"] if len(majors) > 1 else []
    if cluster.kind == "google_sql_database_instance" and missing:
        said.append(f"the standby has no database {sorted(missing)}")
    return said


RECOVERY_POINT = Control(
    id="AUR-015",
    title="The lag alarm MUST fire between the objective and ten times it, and well before commits block at the recovery point",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html",
    remedy="Keep objective <= lag alarm < recovery-point alarm <= half of rds.global_db_rpo, which is at most a minute or two.",
    relates=("SLO", "aws_cloudwatch_metric_alarm", "aws_rds_cluster_parameter_group"),
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_database.aws_cloudwatch_metric_alarm.peer["replication-lag"]',
            {"threshold": 60000},
            says="lag alarm at 60 s",
        ),
        edit("SLO", "*aurora-replication-lag", {"spec": {"objectives": [{"value": 20}]}}, says="objective of 20 s"),
    ],
)

#: Aurora accepts 20 s and more; beyond two minutes the block comes after the region is long lost.
BLOCK_S = (20, 120)


@checks(RECOVERY_POINT)
def test_lag_is_noticed_before_commits_block(platform: Platform) -> None:
    """Somebody knows of the lag before the database has to choose between loss and standstill."""
    alarms = {
        one.text("metric_name"): (one.number("threshold") or 0) / 1000
        for one in platform.all("aws_cloudwatch_metric_alarm")
    }
    objectives = [
        float(str(objective.get("value")))
        for slo in platform.all("SLO")
        if slo.label("sli") == "lag"
        and "global_dbreplication_lag" in slo.text("spec.indicator.spec.thresholdMetric.metricSource.spec.query")
        for objective in slo.mappings("spec.objectives")
    ]
    findings = judge(platform.all("aws_rds_cluster_parameter_group"), lambda one: _noticed(one, alarms, objectives))

    assert not findings.broken, findings.table()


def _noticed(group: Item, alarms: Mapping[str, float], objectives: list[float]) -> list[str]:
    stated = {
        str(one.get("name")): float(str(one.get("value")))
        for one in group.mappings("parameter")
        if one.get("name") == "rds.global_db_rpo"
    }
    block = stated.get("rds.global_db_rpo", 0)
    lag, point = alarms.get("AuroraGlobalDBReplicationLag", 0), alarms.get("AuroraGlobalDBRPOLag", 0)
    said = [] if BLOCK_S[0] <= block <= BLOCK_S[1] else [f"commits block at {block:g} s"]
    if not lag < point <= block / 2:
        said.append(f"lag alarm at {lag:g} s, recovery-point alarm at {point:g} s, block at {block:g} s")
    low, high = ALARM_TIMES_OBJECTIVE
    said += [
        f"lag alarm at {lag:g} s for an objective of {one:g} s"
        for one in objectives or [0]
        if not one * low <= lag <= one * high
    ]
    return said
