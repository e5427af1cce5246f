"""Tables of both clouds: replicated, exported, restorable."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.alarms import sound
from suites.policy.classes import GUARDED, ByClass
from suites.policy.statements import forms

DAY_S = 86_400

TABLES = Control(
    id="NOSQL-001",
    title="Every DynamoDB table MUST be protected, encrypted by a key of ours, streamed and recoverable to a point in time",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html",
    remedy="Set deletion_protection_enabled, point_in_time_recovery, server_side_encryption and a stream of both images.",
    relates=("aws_dynamodb_table", "aws_dynamodb_table_replica", "aws_kms_key"),
    frameworks={"nist": "CP-9", "pci": "3.5.1", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_dynamodb_table",
            'module.primary_table.aws_dynamodb_table.main["catalogue"]',
            {"point_in_time_recovery": [{"enabled": False}]},
            says="point_in_time_recovery.0.enabled",
        ),
        remove(
            "aws_dynamodb_table_replica",
            'module.primary_table.aws_dynamodb_table_replica.peer["catalogue"]',
            says="no replica",
        ),
    ],
)

#: DynamoDB keeps 1 to 35 days; a fault of a holiday must be found within them.
PITR_DAYS = ByClass(production=(14, 35), rehearsal=(14, 35), trial=(7, 35))

SWITCHES = (
    "point_in_time_recovery.0.enabled",
    "server_side_encryption.0.enabled",
    "stream_enabled",
)


@checks(TABLES)
def test_tables_are_kept_and_replicated(platform: Platform) -> None:
    """A table survives a mistake, a region and a curious reader."""
    tables = [one for one in platform.all("aws_dynamodb_table") if one.owner.endswith("/table")]
    replicas = len(platform.all("aws_dynamodb_table_replica"))
    findings = judge(
        [*tables, *platform.all("aws_dynamodb_table_replica")], lambda one: _kept(one, len(tables), replicas)
    )

    assert not findings.broken, findings.table()


def _kept(one: Item, tables: int, replicas: int) -> list[str]:
    if one.kind == "aws_dynamodb_table_replica":
        on = one.get("deletion_protection_enabled") is GUARDED.of(one) and one.get("point_in_time_recovery") is True
        return (
            []
            if on and one.refers("kms_key_arn", "aws_kms_replica_key") and one.refers("global_table_arn")
            else ["is unprotected, or not encrypted by our replica key"]
        )
    said = [f"{path} is not on" for path in SWITCHES if one.get(path) is not True]
    guarded = one.get("deletion_protection_enabled") is True
    said += [] if guarded is GUARDED.of(one) else [f"one command {'does not delete' if guarded else 'deletes'} it"]
    days = one.number("point_in_time_recovery.0.recovery_period_in_days") or 0
    low, high = PITR_DAYS.of(one)
    said += [] if low <= days <= high else [f"recovers within {days:g} days"]
    said += [] if one.refers("server_side_encryption", "aws_kms_key") else ["no key of ours encrypts it"]
    keys = {str(key) for key in (one.get("hash_key"), one.get("range_key")) if key}
    keys |= {
        str(index.get(key))
        for index in one.mappings("global_secondary_index")
        for key in ("hash_key", "range_key")
        if index.get(key)
    }
    if keys != {str(attribute.get("name")) for attribute in one.mappings("attribute")}:
        said.append("an attribute belongs to no key, or a key has none")
    return said if replicas >= tables else [*said, f"{tables} tables, {replicas} replicas: one has no replica"]


COUNTERPART = Control(
    id="NOSQL-002",
    title="Every DynamoDB table MUST have a Bigtable counterpart with daily backups kept at least three weeks",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/bigtable/docs/backups",
    remedy="Declare google_bigtable_table of the same purpose with automated_backup_policy and a change stream.",
    relates=("aws_dynamodb_table", "google_bigtable_table", "google_bigtable_gc_policy"),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        remove(
            "google_bigtable_table",
            'module.standby_table.google_bigtable_table.main["catalogue"]',
            says="no counterpart",
        ),
        edit(
            "google_bigtable_table",
            'module.standby_table.google_bigtable_table.main["catalogue"]',
            {"automated_backup_policy": [None]},
            says="backed up",
        ),
    ],
)

#: The service keeps a backup for at most 90 days; a bad import is found within weeks.
BACKUP_DAYS = ByClass(production=(21, 90), rehearsal=(14, 90), trial=(7, 90))


@checks(COUNTERPART)
def test_tables_have_their_counterpart(platform: Platform) -> None:
    """The standby has a place for every item, and can undo a bad import."""
    tables = platform.all("google_bigtable_table")
    names = {one.text("name") for one in tables}
    findings = judge(
        [*tables, *[one for one in platform.all("aws_dynamodb_table") if one.owner.endswith("/table")]],
        lambda one: _bigtable(platform, one) if one in tables else _has_counterpart(one, names),
    )

    assert not findings.broken, findings.table()


def _has_counterpart(table: Item, names: set[str]) -> str | None:
    return None if any(table.text("name").endswith(name) for name in names) else "has no counterpart on the other cloud"


def _bigtable(platform: Platform, table: Item) -> list[str]:
    policy = "automated_backup_policy.0"
    every, kept = (_hours(table.text(f"{policy}.{name}")) for name in ("frequency", "retention_period"))
    low, high = BACKUP_DAYS.of(table)
    said = [] if every == 24 and low * 24 <= kept <= high * 24 else [f"is backed up every {every:g} h for {kept:g} h"]  # noqa: PLR2004 - what the service offers
    if (table.text("deletion_protection") == "PROTECTED") is not GUARDED.of(table) or _hours(
        table.text("change_stream_retention")
    ) != 168:  # noqa: PLR2004 - the service's longest, a week
        said.append("one command deletes it, or its changes are lost within a week")
    rules = platform.referrers(table, "google_bigtable_gc_policy")
    families = {str(one.get("family")) for one in table.mappings("column_family")}
    if (
        not families
        or families != {one.text("column_family") for one in rules}
        or any(one.number("max_version.0.number") != 1 for one in rules)
    ):
        said.append("keeps versions that DynamoDB does not keep")
    return said


def _hours(text: str) -> float:
    hours = text.partition("h")[0]
    return float(hours) if hours.isdigit() else 0.0


CAPACITY = Control(
    id="NOSQL-003",
    title="Bigtable MUST run clusters in two zones that grow by load, encrypted, with a profile that fails over and one that does not compete",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/bigtable/docs/failovers",
    remedy="Two clusters with autoscaling and a key; app profiles for serving (any cluster) and import (low priority).",
    relates=("google_bigtable_instance", "google_bigtable_app_profile", "google_kms_crypto_key"),
    frameworks={"nist": "CP-10", "soc2": "A1.1"},
    mutants=[
        edit("google_bigtable_instance", "module.standby_table.*", {"cluster": [None]}, says="clusters"),
        edit(
            "google_bigtable_app_profile",
            "module.standby_table.*.serving",
            {"multi_cluster_routing_use_any": False},
            says="no profile fails over",
        ),
    ],
)

#: A second cluster doubles the price; only who serves customers must not wait for a zone.
ZONES_AT_LEAST = ByClass(production=2, rehearsal=1, trial=1)


@checks(CAPACITY)
def test_bigtable_survives_a_zone(platform: Platform) -> None:
    """Services of the standby read on when a zone is lost or an import runs."""
    findings = judge(
        platform.all("google_bigtable_instance"),
        lambda one: _survives(one, platform.referrers(one, "google_bigtable_app_profile")),
    )

    assert not findings.broken, findings.table()


def _survives(instance: Item, profiles: list[Item]) -> list[str]:
    clusters = instance.mappings("cluster")
    said = (
        []
        if len({str(one.get("zone")) for one in clusters}) >= ZONES_AT_LEAST.of(instance)
        else [f"{len(clusters)} clusters"]
    )
    for position in range(len(clusters)):
        low, high, load, storage = (
            instance.number(f"cluster.{position}.autoscaling_config.0.{name}") or 0
            for name in ("min_nodes", "max_nodes", "cpu_target", "storage_target")
        )
        # The service takes 10 to 80 % and, on SSD, 2,560 to 5,120 GB a node.
        if not 1 <= low < high <= 16 * low or not 40 <= load <= 70 or not 2_560 <= storage <= 5_120:  # noqa: PLR2004 - see above
            said.append(f"cluster {position} grows from {low:g} to {high:g} nodes at {load:g} %, {storage:g} GB")
    said += [] if instance.refers("cluster", "google_kms_crypto_key") else ["no key of ours encrypts it"]
    said += (
        []
        if instance.get("deletion_protection") is GUARDED.of(instance) and instance.get("force_destroy") is False
        else ["one command deletes it"]
    )
    serving = [
        one
        for one in profiles
        if one.get("multi_cluster_routing_use_any") is True
        and one.text("standard_isolation.0.priority") == "PRIORITY_HIGH"
    ]
    copying = [
        one
        for one in profiles
        if one.get("single_cluster_routing.0.allow_transactional_writes") is True
        and one.text("standard_isolation.0.priority") == "PRIORITY_LOW"
    ]
    said += [] if serving and copying else ["no profile fails over, or the import competes with it"]
    return said + [f"{one.name} ignores warnings" for one in profiles if one.get("ignore_warnings") is True]


EXPORTED = Control(
    id="NOSQL-004",
    title="Every table MUST be exported daily by a schedule that retries and reports failure, under a role that can do no more",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.HowItWorks.html",
    remedy="One aws_scheduler_schedule per table with retry_policy and dead_letter_config; alarm on the queue.",
    relates=("aws_dynamodb_table", "aws_scheduler_schedule", "aws_sqs_queue", "aws_cloudwatch_metric_alarm"),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        remove(
            "aws_scheduler_schedule",
            'module.primary_table.aws_scheduler_schedule.export["catalogue"]',
            says="2 tables, 1 schedules",
        ),
        edit(
            "aws_scheduler_schedule",
            "module.primary_table.*",
            {"target": [{"retry_policy": [{"maximum_retry_attempts": 0}]}]},
            says="0 retries",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            "module.primary_table.*.export_failed",
            {"threshold": 100},
            says="threshold of 100",
        ),
    ],
)

#: One failed export, or one throttled request in most minutes, is one too many; a replica may lag by seconds.
THRESHOLDS = {
    "ApproximateNumberOfMessagesVisible": (0, 0),
    "ThrottledRequests": (0, 0),
    "ReplicationLatency": (1_000, 10_000),
}

#: A queue of failures: kept over a long weekend, read at once, whole messages, few calls of the key.
QUEUE = {
    "message_retention_seconds": (7 * DAY_S, 14 * DAY_S),
    "delay_seconds": (0, 0),
    "kms_data_key_reuse_period_seconds": (60, 900),
    "visibility_timeout_seconds": (10, 120),
    "max_message_size": (262_144, 262_144),
    "receive_wait_time_seconds": (0, 20),
}

EXPORT_ACTIONS = ("dynamodb:ExportTableToPointInTime", "s3:PutObject", "sqs:SendMessage", "kms:GenerateDataKey")


@checks(EXPORTED)
def test_tables_are_exported_and_watched(platform: Platform) -> None:
    """Each night's items leave for the standby, or somebody is called."""
    tables = [one for one in platform.all("aws_dynamodb_table") if one.owner.endswith("/table")]
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.owner.endswith("/table")]
    schedules = [one for one in platform.all("aws_scheduler_schedule") if one.owner.endswith("/table")]
    queues = [one for one in platform.all("aws_sqs_queue") if one.owner.endswith("/table")]
    roles = [one for one in platform.all("aws_iam_role_policy") if one.owner.endswith("/table")]
    findings = judge(
        [*tables, *alarms, *schedules, *queues], lambda one: _exported(one, tables, schedules, alarms, roles)
    )

    assert not findings.broken, findings.table()


def _exported(one: Item, tables: list[Item], schedules: list[Item], alarms: list[Item], roles: list[Item]) -> list[str]:
    if one in alarms:
        return sound(one, THRESHOLDS)
    if one in schedules:
        tries, age = (
            one.number("target.0.retry_policy.0.maximum_retry_attempts") or 0,
            one.number("target.0.retry_policy.0.maximum_event_age_in_seconds") or 0,
        )
        said = [] if 3 <= tries <= 20 and 900 <= age <= 4 * 3600 else [f"{tries:g} retries within {age:g} s"]  # noqa: PLR2004 - done before the next working day
        whole = (
            one.text("state") == "ENABLED"
            and one.refers("target.0.dead_letter_config", "aws_sqs_queue")
            and one.refers("target.0.role_arn", "aws_iam_role")
            and one.mappings("flexible_time_window")
        )
        return (
            said
            if whole and one.refers("group_name", "aws_scheduler_schedule_group")
            else [*said, "is off, alone or loses its failures"]
        )
    if one.kind == "aws_sqs_queue":
        values = {name: one.number(name) or 0 for name in QUEUE}
        said = [
            f"{name} is {values[name]:g}, not {low} to {high}"
            for name, (low, high) in QUEUE.items()
            if not low <= values[name] <= high
        ]
        return (
            said
            if one.refers("kms_master_key_id") and one.get("fifo_queue") is not True
            else [*said, "is not encrypted by our key"]
        )
    name = one.text("name")
    seen = {alarm.text("metric_name") for alarm in alarms if alarm.text("dimensions.TableName") == name}
    said = [
        f"{metric} of {name} has no alarm"
        for metric in ("ThrottledRequests", "ReplicationLatency")
        if metric not in seen
    ]
    said += (
        []
        if any("QueueName" in alarm.mapping("dimensions") for alarm in alarms)
        else ["nobody hears of a failed export"]
    )
    if len(schedules) < len(tables):
        said.append(f"{len(tables)} tables, {len(schedules)} schedules")
    allowed = [statement for role in roles for found in forms(role).values() for statement in found if statement.allows]
    return said + [
        f"no role may {action}"
        for action in EXPORT_ACTIONS
        if roles and not any(statement.covers(action) for statement in allowed)
    ]
