"""Relational databases of both clouds: kept, private, watched."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.alarms import sound, unwatched
from suites.policy.classes import GUARDED, LOG_DAYS, ByClass, due

CLUSTERS = ("aws_rds_cluster", "google_sql_database_instance")

#: RDS keeps automated backups for at most 35 days; below two weeks a fault of a holiday is beyond repair.
BACKUP_DAYS = ByClass(production=(14, 35), rehearsal=(14, 35), trial=(7, 35))

#: A point in time is wanted within the last days; Cloud SQL Enterprise Plus keeps logs for at most 35.
REPLAY_DAYS = (7, 35)

#: Seconds between samples: 1 s floods the log group, beyond a minute a spike is missed.
MONITORING_S = (5, 60)

#: Thresholds that still leave time to act, by metric (percent, bytes or ids).
THRESHOLDS = {
    "CPUUtilization": (60, 90),
    "FreeableMemory": (1 * 2**30, 16 * 2**30),
    "OldestReplicationSlotLag": (5 * 2**30, 100 * 2**30),
    "MaximumUsedTransactionIDs": (5e8, 1.5e9),
    "AuroraGlobalDBReplicationLag": (1_000, 10_000),
    "AuroraGlobalDBRPOLag": (10_000, 60_000),
}

PROTECTED = Control(
    id="AUR-001",
    title="No database MUST be lost by one command: deletion is refused and the backups outlive it",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
    remedy="Set deletion_protection, a final snapshot and retained automated backups on both clouds.",
    frameworks={"nist": "CP-9", "soc2": "A1.2", "hipaa": "164.308(a)(7)(ii)(A)"},
    mutants=[
        edit(
            "aws_rds_cluster",
            "module.primary_database.*.primary",
            {"deletion_protection": False},
            says="deletion_protection is not true",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"retain_backups_on_delete": False}]},
            says="retain_backups_on_delete is not true",
        ),
        edit(
            "aws_rds_global_cluster",
            "module.primary_database.*",
            {"force_destroy": True},
            says="force_destroy is not false",
        ),
    ],
)

#: Attribute and the value that keeps the data, by kind.
KEEPS: dict[str, dict[str, object]] = {
    "aws_rds_global_cluster": {"deletion_protection": GUARDED, "force_destroy": False, "storage_encrypted": True},
    "aws_rds_cluster": {
        "deletion_protection": GUARDED,
        "skip_final_snapshot": False,
        "delete_automated_backups": False,
        "copy_tags_to_snapshot": True,
    },
    "aws_rds_cluster_instance": {"force_destroy": False, "copy_tags_to_snapshot": True},
    "google_sql_database_instance": {
        "deletion_protection": GUARDED,
        "settings.0.deletion_protection_enabled": GUARDED,
        "settings.0.retain_backups_on_delete": True,
        "settings.0.disk_autoresize": True,
    },
    "google_sql_database": {"deletion_policy": "ABANDON"},
}


@checks(PROTECTED)
def test_databases_are_protected_from_deletion(platform: Platform) -> None:
    """No single delete, by hand or by Terraform, takes a database and its backups away."""
    findings = judge(platform.all(*KEEPS), lambda one: _differs(one, KEEPS[one.kind]))

    assert not findings.broken, findings.table()


def _differs(item: Item, wanted: dict[str, object]) -> list[str]:
    return [
        f"{path.removeprefix('settings.0.')} is not {str(due(value, item)).lower()}"
        for path, value in wanted.items()
        if item.get(path) != due(value, item)
    ]


UNHURRIED = Control(
    id="AUR-002",
    title="A database MUST change only in its maintenance window and MUST NOT upgrade by itself",
    system="aurora",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Maintenance.html",
    remedy="Set apply_immediately, allow_major_version_upgrade and auto_minor_version_upgrade to false.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "aws_rds_cluster",
            "module.primary_database.*.peer",
            {"apply_immediately": True},
            says="apply_immediately is true",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"maintenance_window": [{"hour": 30}]}]},
            says="no hour of a night",
        ),
    ],
)

#: Hours (UTC) in which few people shop in the markets served.
NIGHT = (0, 5)

HASTE = ("apply_immediately", "allow_major_version_upgrade", "auto_minor_version_upgrade")


@checks(UNHURRIED)
def test_databases_change_in_their_window(platform: Platform) -> None:
    """Changes wait for a window at night, and a new version is a decision."""
    findings = judge(
        platform.all("aws_rds_cluster", "aws_rds_cluster_instance", "google_sql_database_instance"), _unhurried
    )

    assert not findings.broken, findings.table()


def _unhurried(item: Item) -> list[str]:
    said = [f"{name} is true" for name in HASTE if item.get(name, default=False) is not False]
    if item.kind.startswith("aws_"):
        if not item.has("preferred_maintenance_window"):
            said.append("has no maintenance window")
        return said
    hour = item.number("settings.0.maintenance_window.0.hour")
    day = item.number("settings.0.maintenance_window.0.day")
    if hour is None or not NIGHT[0] < hour <= NIGHT[1]:
        said.append(f"maintenance at {hour} is no hour of a night")
    if day is None or not 1 <= day <= 7:  # noqa: PLR2004 - the days of a week
        said.append(f"maintenance on day {day} of the week")
    if item.text("settings.0.maintenance_window.0.update_track") != "stable" or not item.mappings(
        "settings.0.deny_maintenance_period"
    ):
        said.append("takes early updates or has no frozen season")
    return said


KEYED = Control(
    id="AUR-003",
    title="Every database, with its insights, MUST be encrypted under a key of its own site",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html",
    remedy="Set storage_encrypted and kms_key_id (encryption_key_name) to the unit kms's key for the database.",
    relates=("aws_rds_cluster", "aws_kms_key", "google_sql_database_instance", "google_kms_crypto_key"),
    frameworks={"nist": "SC-28", "pci": "3.5.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.7"},
    mutants=[
        edit(
            "aws_rds_cluster",
            "module.primary_database.*.primary",
            {"storage_encrypted": False},
            says="is not encrypted",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"encryption_key_name": None},
            says="refers to no key of standby",
        ),
    ],
)


@checks(KEYED)
def test_databases_are_encrypted_by_a_key_of_their_site(platform: Platform) -> None:
    """Each database refers to a customer-managed key that its own site declares."""
    keys = {
        one.address: one.site for one in platform.all("aws_kms_key", "aws_kms_replica_key", "google_kms_crypto_key")
    }
    findings = judge(platform.all(*CLUSTERS, "aws_rds_cluster_instance"), lambda one: _encrypted(one, keys))

    assert not findings.broken, findings.table()


def _encrypted(item: Item, keys: dict[str, str]) -> list[str]:
    path = {"aws_rds_cluster": "kms_key_id", "aws_rds_cluster_instance": "performance_insights_kms_key_id"}.get(
        item.kind, "encryption_key_name"
    )
    said = []
    if item.kind == "aws_rds_cluster" and item.get("storage_encrypted") is not True:
        said.append("is not encrypted")
    if item.site not in {keys.get(key.address) for key in item.refers(path)}:
        said.append(f"{path} refers to no key of {item.site}")
    return said


BACKED_UP = Control(
    id="AUR-004",
    title="Both clouds MUST keep backups of the database equally long, with recovery to a point in time",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr",
    remedy="Give backup_retention_period and retained_backups the same number of days, between 14 and 35.",
    relates=CLUSTERS,
    frameworks={"nist": "CP-9", "soc2": "A1.2", "hipaa": "164.308(a)(7)(ii)(A)"},
    mutants=[
        edit(
            "aws_rds_cluster",
            "module.primary_database.*.primary",
            {"backup_retention_period": 7},
            says="7 days of backups",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"backup_configuration": [{"point_in_time_recovery_enabled": False}]}]},
            says="no point in time",
        ),
    ],
)


@checks(BACKED_UP)
def test_backups_last_equally_long_on_both_clouds(platform: Platform) -> None:
    """A mistake found after weeks can be undone, wherever the database runs by then."""
    clusters = platform.all(*CLUSTERS)
    days = {_backup_days(one) for one in clusters}
    findings = judge(clusters, lambda one: _backed_up(one, days))

    assert not findings.broken, findings.table()


def _backup_days(cluster: Item) -> float:
    path = (
        "backup_retention_period"
        if cluster.kind == "aws_rds_cluster"
        else "settings.0.backup_configuration.0.backup_retention_settings.0.retained_backups"
    )
    return cluster.number(path) or 0


def _backed_up(cluster: Item, days: set[float]) -> list[str]:
    kept = _backup_days(cluster)
    low, high = BACKUP_DAYS.of(cluster)
    said = [] if low <= kept <= high else [f"{kept:g} days of backups"]
    if len(days) > 1:
        said.append(f"keeps {kept:g} days, other sites {sorted(days - {kept})}")
    if cluster.kind == "google_sql_database_instance":
        backup = "settings.0.backup_configuration.0"
        logs = cluster.number(f"{backup}.transaction_log_retention_days") or 0
        if (
            cluster.get(f"{backup}.enabled") is not True
            or cluster.get(f"{backup}.point_in_time_recovery_enabled") is not True
        ):
            said.append("restores to no point in time")
        if not REPLAY_DAYS[0] <= logs <= min(REPLAY_DAYS[1], kept):
            said.append(f"{logs:g} days of log do not lie between {REPLAY_DAYS[0]} and {min(REPLAY_DAYS[1], kept):g}")
    return said


LOGGED = Control(
    id="AUR-005",
    title="The log of every cluster MUST go to a log group that is encrypted and kept for the audit's period",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html",
    remedy="Export postgresql and declare /aws/rds/cluster/<id>/postgresql with a key and a retention.",
    relates=("aws_rds_cluster", "aws_cloudwatch_log_group"),
    frameworks={"nist": "AU-11", "pci": "10.5.1", "soc2": "CC7.2"},
    mutants=[
        remove("aws_cloudwatch_log_group", "module.primary_database.*.primary", says="has no log group"),
        edit(
            "aws_cloudwatch_log_group",
            "module.primary_database.*.peer",
            {"retention_in_days": 40},
            says="kept for 40 days",
        ),
    ],
)


@checks(LOGGED)
def test_database_logs_are_kept(platform: Platform) -> None:
    """What happened in a database can be read a year later."""
    groups = {one.text("name"): one for one in platform.all("aws_cloudwatch_log_group")}
    findings = judge(platform.all("aws_rds_cluster"), lambda one: _logged(one, groups))

    assert not findings.broken, findings.table()


def _logged(cluster: Item, groups: dict[str, Item]) -> list[str]:
    exports = [str(one) for one in cluster.sequence("enabled_cloudwatch_logs_exports")]
    said = [] if "postgresql" in exports else ["exports no log"]
    low, high = LOG_DAYS.of(cluster)
    for export in exports:
        group = groups.get(f"/aws/rds/cluster/{cluster.text('cluster_identifier')}/{export}")
        days = 0 if group is None else group.number("retention_in_days") or 0
        if group is None:
            said.append(f"{export} has no log group")
        elif not low <= days <= high or group.get("skip_destroy") is True:
            said.append(f"{export} is kept for {days:g} days, or left behind")
        elif not group.refers("kms_key_id"):
            said.append(f"{export} is not encrypted by a key of ours")
    return said


ALARMED = Control(
    id="AUR-006",
    title="Every cluster MUST have alarms for load, memory, slots, transaction ids and lag that decide within the detection budget",
    system="aurora",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html",
    remedy="Declare an alarm for each metric with the cluster as dimension, actions, and period times periods within 600 s.",
    relates=("aws_rds_cluster", "aws_cloudwatch_metric_alarm"),
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    mutants=[
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_database.aws_cloudwatch_metric_alarm.primary["cpu"]',
            {"actions_enabled": False},
            says="switched off",
        ),
        remove(
            "aws_cloudwatch_metric_alarm",
            'module.primary_database.aws_cloudwatch_metric_alarm.peer["replication-lag"]',
            says="AuroraGlobalDBReplicationLag of DBClusterIdentifier",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_database.aws_cloudwatch_metric_alarm.primary["memory"]',
            {"evaluation_periods": 50},
            says="later than 600 s",
        ),
    ],
)

WRITER_METRICS = ("CPUUtilization", "FreeableMemory", "OldestReplicationSlotLag", "MaximumUsedTransactionIDs")
PEER_METRICS = ("AuroraGlobalDBReplicationLag", "AuroraGlobalDBRPOLag")


@checks(ALARMED)
def test_clusters_are_watched(platform: Platform) -> None:
    """A cluster in trouble calls somebody within minutes."""
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.text("namespace") == "AWS/RDS"]
    findings = judge([*platform.all("aws_rds_cluster"), *alarms], lambda one: _watched(one, alarms))

    assert not findings.broken, findings.table()


def _watched(item: Item, alarms: list[Item]) -> list[str]:
    if item.kind == "aws_cloudwatch_metric_alarm":
        silent = (
            [] if item.text("treat_missing_data") == "breaching" else ["a cluster that reports nothing raises no alarm"]
        )
        return [*sound(item, THRESHOLDS), *silent]
    metrics = PEER_METRICS if item.has("source_region") else WRITER_METRICS
    return unwatched(alarms, metrics, "DBClusterIdentifier", [item.text("cluster_identifier")])
