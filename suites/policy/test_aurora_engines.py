"""Both clouds' databases: the same engine, and time limits and lag that fit one another."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.parameters import Parameters, number, parameters_of

#: A lag alarm below the objective cries wolf; above ten times it the objective is long broken.
ALARM_TIMES_OBJECTIVE = (1, 10)

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
        platform.all("aws_rds_cluster", "google_sql_database_instance"),
        lambda one: _nested(parameters_of(platform, one)),
    )

    assert not findings.broken, findings.table()


def _nested(stated: Parameters) -> list[str]:
    limits = [number(stated, name) for name in NESTED]
    said = [f"{', '.join(NESTED)} do not grow: {limits}"] if limits != sorted(set(limits)) or not limits[0] else []
    dead = number(stated, "tcp_keepalives_idle") + number(stated, "tcp_keepalives_interval") * number(
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
