"""Terragrunt units and the state they keep."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

BACKEND = "https://developer.hashicorp.com/terraform/language/backend/s3"

STATE = Control(
    id="TF-001",
    title="Every unit MUST keep its state encrypted and locked in the declared bucket, under a path of its own",
    system="terraform",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=BACKEND,
    remedy="Set encrypt, use_lockfile, kms_key_id and a key by path_relative_to_include in the root's remote_state.",
    relates=("unit", "aws_s3_bucket", "aws_kms_alias"),
    frameworks={"nist": "SC-28", "soc2": "CC6.1"},
    mutants=[
        edit("unit", "*global/dns", {"remote_state": {"config": {"use_lockfile": False}}}, says="use_lockfile"),
        remove("aws_kms_alias", "module.global_state.*.main", says="no declared alias"),
    ],
)


@checks(STATE)
def test_units_keep_their_state(platform: Platform) -> None:
    """Each unit's state is encrypted, locked, in a declared bucket, and not shared."""
    keys = [one.text("remote_state.config.key") for one in platform.all("unit")]
    buckets = {
        one.text("bucket")
        for one in platform.all("aws_s3_bucket")
        if platform.referrers(one, "aws_s3_bucket_object_lock_configuration") and one.site == "global"
    }
    aliases = {
        one.text("name")
        for one in platform.all("aws_kms_alias")
        if one.site == "global" and one.refers("target_key_id", "aws_kms_key")
    }
    findings = judge(platform.all("unit"), lambda one: _keeps(one, keys, buckets, aliases))

    assert not findings.broken, findings.table()


def _keeps(unit: Item, keys: list[str], buckets: set[str], aliases: set[str]) -> list[str]:
    said = [
        f"{flag} is off" for flag in ("encrypt", "use_lockfile") if unit.get(f"remote_state.config.{flag}") is not True
    ]
    said += [] if unit.text("remote_state.config.bucket") in buckets else ["its bucket is not declared"]
    said += [] if unit.text("remote_state.config.kms_key_id") in aliases else ["its key has no declared alias"]
    return said + (["shares its state"] if keys.count(unit.text("remote_state.config.key")) > 1 else [])


REPLICATED = Control(
    id="TF-002",
    title="The state MUST be replicated to another region within minutes, deletions too, under that region's key",
    system="terraform",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html",
    remedy="Declare replication with time control, metrics, delete markers, KMS objects and the replica key.",
    relates=("aws_s3_bucket_replication_configuration", "aws_s3_bucket", "aws_kms_replica_key"),
    frameworks={"nist": "CP-9"},
    mutants=[
        edit(
            "aws_s3_bucket_replication_configuration",
            "*",
            {"rule": [{"delete_marker_replication": [None]}]},
            says="delete_marker_replication",
        )
    ],
)

#: The one time that S3 replication time control promises.
MINUTES = 15


@checks(REPLICATED)
def test_state_is_replicated(platform: Platform) -> None:
    """Each replication is whole and timed."""
    findings = judge(platform.all("aws_s3_bucket_replication_configuration"), _replicated)

    assert not findings.broken, findings.table()


def _replicated(item: Item) -> list[str]:
    to = "rule.0.destination.0"
    parts = (
        "rule.0.delete_marker_replication.0",
        "rule.0.filter.0",
        "rule.0.source_selection_criteria.0.sse_kms_encrypted_objects.0",
        f"{to}.encryption_configuration.0",
    )
    said = [f"{one} is missing" for one in parts if not item.has(one)]
    times = [item.number(f"{to}.{one}.0.minutes") for one in ("metrics.0.event_threshold", "replication_time.0.time")]
    said += [] if times == [MINUTES, MINUTES] else [f"takes {times} minutes"]
    return said + (
        []
        if item.refers(f"{to}.bucket", "aws_s3_bucket")
        and item.refers(f"{to}.encryption_configuration", "aws_kms_replica_key")
        else ["goes nowhere"]
    )
