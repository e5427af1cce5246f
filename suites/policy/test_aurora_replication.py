"""Replication of the relational databases: within the cloud, and to the other one."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass
from suites.policy.parameters import Parameters, number, parameters_of

#: What the two vendors call otherwise, or let nobody set on the other side.
VENDOR_ONLY = ("rds.", "cloudsql.", "apg_", "aurora_", "shared_preload_libraries", "ssl_min_protocol_version")


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
        one.address: parameters_of(platform, one)
        for one in platform.all("aws_rds_cluster")
        if not one.has("source_region")
    }
    findings = judge(
        platform.all("google_sql_database_instance"),
        lambda one: [said for other in stated.values() for said in _unlike(parameters_of(platform, one), other)],
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
        here, there = parameters_of(platform, peer), parameters_of(platform, twin)
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
        lambda one: _roomy(parameters_of(platform, one), databases, one),
    )

    assert not findings.broken, findings.table()


def _roomy(stated: Parameters, databases: int, cluster: Item) -> list[str]:
    slots, senders = number(stated, "max_replication_slots"), number(stated, "max_wal_senders")
    logical, workers = number(stated, "max_logical_replication_workers"), number(stated, "max_worker_processes")
    switch = "cloudsql.logical_decoding" if cluster.kind.startswith("google_") else "rds.logical_replication"
    said = [] if stated.get(switch) == "on" else [f"{switch} is off"]
    if slots < SLOTS_PER_DATABASE * databases:
        said.append(f"{slots:g} slots for {databases} databases")
    if not slots < senders <= 2 * slots:
        said.append(f"{senders:g} senders for {slots:g} slots")
    if not databases * 2 <= logical < workers <= WORKERS_AT_MOST:
        said.append(f"{logical:g} logical workers of {workers:g} for {databases} databases")
    if cluster.kind.startswith("google_"):
        kept, copying = number(stated, "max_slot_wal_keep_size"), number(stated, "max_sync_workers_per_subscription")
        if (
            not SLOT_KEEPS_MB.of(cluster)[0]
            <= kept
            <= min(SLOT_KEEPS_MB.of(cluster)[1], 512 * (cluster.number("settings.0.disk_autoresize_limit") or 0))
        ):
            said.append(f"a slot keeps {kept:g} MB")
        if not 1 <= copying <= logical / databases:
            said.append(f"{copying:g} copying workers for each subscription")
    return said
