"""Buckets and keys that hold state, trails, bills and reports."""

import re

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass
from suites.policy.statements import Statement, forms

S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"
LIFECYCLE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html"
KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"
#: PCI DSS 10.5.1 demands a year; ten years outlive every duty to keep.
KEPT_DAYS = ByClass(production=(365, 3650), rehearsal=(90, 3650), trial=(30, 3650))
#: The version that was overwritten is needed for as long as a mistake may go unnoticed.
OVERWRITTEN_DAYS = (1, 90)
#: Where versions are the history itself (no expiration): a quarter at least, five years at most.
HISTORY_DAYS = ByClass(production=(90, 1825), rehearsal=(90, 1825), trial=(30, 1825))
VERSIONS = (3, 50)
ABORT_DAYS = (1, 7)
#: Infrequent tiers are paid for at least 30 days; what is colder later than a year saves nothing.
COLD_DAYS = (30, 365)
#: What outlives its lock by more than a quarter is stored for nothing.
AFTER_LOCK_DAYS = 90
#: What is locked for less than a month is a copy: it is there until a mistake in the original is noticed and undone.
LOCK_DAYS = ByClass(production=(7, 30), rehearsal=(3, 30), trial=(1, 30))
COPY_DAYS = ByClass(production=30, rehearsal=14, trial=7)
ACCOUNT_DIGITS = 12
ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
ANY_ACCOUNT = "lets a service act for any account"
#: The longest that KMS waits, so that a deletion is noticed before it is done.
WINDOW_DAYS = 30
ROTATION_DAYS = (90, 365)
FLAGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")

PRIVATE = Control(
    id="AUDIT-001",
    title="Every bucket MUST be private, owned by its account, versioned, encrypted, and refuse plain text",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=S3,
    remedy="Declare public_access_block, ownership_controls, versioning, encryption with bucket key, and a policy with a Deny on aws:SecureTransport false.",
    relates=("aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_bucket_versioning", "aws_s3_bucket_public_access_block"),
    frameworks={"nist": "SC-28", "pci": "3.5.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_s3_bucket_public_access_block",
            'module.global_audit.*main["trail"]',
            {"block_public_policy": False},
            says="block_public_policy",
        ),
        remove("aws_s3_bucket_versioning", "module.global_state.*.main", says="not versioned"),
        edit("aws_s3_bucket_policy", "module.global_cost.*", {"policy": {"Statement": [None]}}, says="plain text"),
    ],
)


@checks(PRIVATE)
def test_buckets_are_private(platform: Platform) -> None:
    """Each bucket has every companion that makes it private, encrypted and recoverable."""
    findings = judge(platform.all("aws_s3_bucket"), lambda one: _is_private(platform, one))

    assert not findings.broken, findings.table()


def _is_private(platform: Platform, bucket: Item) -> list[str]:
    blocks = platform.referrers(bucket, "aws_s3_bucket_public_access_block")
    said = [f"{flag} is off" for flag in FLAGS if not any(one.get(flag) is True for one in blocks)]
    versions = platform.referrers(bucket, "aws_s3_bucket_versioning")
    said += (
        []
        if any(one.text("versioning_configuration.0.status") == "Enabled" for one in versions)
        else ["is not versioned"]
    )
    owners = platform.referrers(bucket, "aws_s3_bucket_ownership_controls")
    said += (
        []
        if any(one.text("rule.0.object_ownership") == "BucketOwnerEnforced" for one in owners)
        else ["admits foreign owners"]
    )
    ciphers = platform.referrers(bucket, "aws_s3_bucket_server_side_encryption_configuration")
    algorithms = {one.text("rule.0.apply_server_side_encryption_by_default.0.sse_algorithm") for one in ciphers}
    said += [] if algorithms & {"aws:kms", "AES256"} else ["is not encrypted"]
    if "aws:kms" in algorithms and not any(one.get("rule.0.bucket_key_enabled") is True for one in ciphers):
        said.append("asks the key for every object")
    statements = [s for one in platform.referrers(bucket, "aws_s3_bucket_policy") for s in forms(one).get("policy", [])]
    refuses = [
        one for one in statements if not one.allows and one.demands("aws:SecureTransport", "false") and one.principals
    ]
    said += [] if refuses else ["admits plain text"]
    said += [f"{', '.join(one.actions)}: {text}" for one in statements for text in _admits(one)]
    return said + (["is destroyed with its objects"] if bucket.get("force_destroy") is True else [])


def _admits(statement: Statement) -> list[str]:
    """Complaints of a statement of a resource policy: nobody named, or a service that may act for anyone."""
    if not statement.principals:
        return ["names nobody"]
    if not statement.allows:
        return [] if statement.conditions else ["denies without a condition"]
    said = []
    services = [one for one in statement.principals if one.endswith(".amazonaws.com")]
    if services and not any(_names_an_account(values) for values in statement.conditions.values()):
        said.append(ANY_ACCOUNT)
    if statement.covers("kms:CreateGrant") and services and not statement.demands("kms:GrantIsForAWSResource", "true"):
        said.append("lets a service grant the key to anybody")
    return said + _accounts(statement)


def _names_an_account(values: tuple[str, ...]) -> bool:
    """Whether a condition holds an account's number, in itself or within an ARN, or an ARN made by this plan."""
    return any(ACCOUNT.search(one) or one == repr(UNKNOWN) for one in values)


def _accounts(statement: Statement) -> list[str]:
    values = [v for key, found in statement.conditions.items() if key.endswith("SourceAccount") for v in found]
    return [f"{one} is no account" for one in values if len(one) != ACCOUNT_DIGITS]


KEPT = Control(
    id="AUDIT-002",
    title="Every bucket MUST end what it keeps in time: uploads, overwritten versions and objects, not before their lock",
    system="audit",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=LIFECYCLE,
    remedy="Declare a lifecycle rule with abort, noncurrent expiration and expiration; let a locked object expire within a quarter after its lock.",
    relates=("aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_object_lock_configuration"),
    frameworks={"nist": "AU-11", "pci": "10.5.1", "hipaa": "164.316(b)(2)(i)"},
    mutants=[
        edit(
            "aws_s3_bucket_lifecycle_configuration",
            'module.global_audit.*main["trail"]',
            {"rule": [{"expiration": [{"days": 264}]}]},
            says="expires after 264 days",
        ),
        edit(
            "aws_s3_bucket_object_lock_configuration",
            "module.global_audit.*",
            {"rule": [{"default_retention": [{"days": 255}]}]},
            says="locked for 255 days",
        ),
        edit(
            "aws_s3_bucket_lifecycle_configuration",
            "module.primary_table.*",
            {"rule": [{"expiration": [{"days": 8}]}]},
            says="expires after 8 days",
        ),
        remove("aws_s3_bucket_lifecycle_configuration", "module.global_cost.*", says="no lifecycle"),
    ],
)


@checks(KEPT)
def test_buckets_end_what_they_keep(platform: Platform) -> None:
    """Each bucket has a lifecycle with useful bounds, and a lock that fits it where locking is on."""
    findings = judge(platform.all("aws_s3_bucket"), lambda one: _ends(platform, one))

    assert not findings.broken, findings.table()


def _ends(platform: Platform, bucket: Item) -> list[str]:
    rules = platform.referrers(bucket, "aws_s3_bucket_lifecycle_configuration")
    locks = platform.referrers(bucket, "aws_s3_bucket_object_lock_configuration")
    said = [] if any(one.mappings("rule") for one in rules) else ["has no lifecycle"]
    copy = any((one.number("rule.0.default_retention.0.days") or 0) < LOCK_DAYS.of(one)[1] for one in locks)
    for rule in rules:
        said += _times(rule, copy=copy)
    if locks and bucket.get("object_lock_enabled") is not True:
        said.append("is locked by halves: object_lock_enabled and the lock configuration differ")
    for lock in locks:
        days, kept = lock.number("rule.0.default_retention.0.days") or 0, max((_lives(one) for one in rules), default=0)
        compliance = lock.text("rule.0.default_retention.0.mode") == "COMPLIANCE"
        if not LOCK_DAYS.of(lock)[0] <= days <= kept or (compliance and kept - days > AFTER_LOCK_DAYS):
            said.append(f"is locked for {days:g} days and kept for {kept:g}")
    return said


def _lives(rule: Item) -> float:
    return (
        rule.number("rule.0.expiration.0.days")
        or rule.number("rule.0.noncurrent_version_expiration.0.noncurrent_days")
        or 0
    )


def _times(rule: Item, *, copy: bool) -> list[str]:
    abort = rule.number("rule.0.abort_incomplete_multipart_upload.0.days_after_initiation") or 0
    old = rule.number("rule.0.noncurrent_version_expiration.0.noncurrent_days") or 0
    kept, newer = (
        rule.number("rule.0.expiration.0.days"),
        rule.number("rule.0.noncurrent_version_expiration.0.newer_noncurrent_versions"),
    )
    said = [] if ABORT_DAYS[0] <= abort <= ABORT_DAYS[1] else [f"keeps broken uploads {abort:g} days"]
    said += [] if rule.has("rule.0.filter.0") else ["its lifecycle applies to nothing"]
    if kept is None:
        low, high = HISTORY_DAYS.of(rule)
        said += [] if low <= old <= high and newer else [f"keeps its history {old:g} days"]
    else:
        low, high = KEPT_DAYS.of(rule)
        said += [] if (COPY_DAYS.of(rule) if copy else low) <= kept <= high else [f"expires after {kept:g} days"]
        said += (
            []
            if OVERWRITTEN_DAYS[0] <= old <= OVERWRITTEN_DAYS[1] or old == kept
            else [f"keeps overwritten versions {old:g} days"]
        )
        said += (
            ["leaves delete markers to two rules"]
            if rule.get("rule.0.expiration.0.expired_object_delete_marker") is True
            else []
        )
        cold = rule.number("rule.0.transition.0.days")
        if kept == old > COLD_DAYS[0] and not (cold and COLD_DAYS[0] <= cold <= COLD_DAYS[1]):
            said.append(f"keeps {kept:g} days, cold after {cold or 0:g}")
    return said + (
        [f"keeps {newer:g} versions"] if newer is not None and not VERSIONS[0] <= newer <= VERSIONS[1] else []
    )


LOGGED = Control(
    id="AUDIT-003",
    title="Access to every bucket of the global place MUST be logged to another bucket",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
    remedy="Declare aws_s3_bucket_logging towards the log bucket of the same region.",
    relates=("aws_s3_bucket", "aws_s3_bucket_logging"),
    frameworks={"nist": "AU-2", "pci": "10.2.1"},
    mutants=[remove("aws_s3_bucket_logging", "module.global_cost.*", says="is not logged")],
)


@checks(LOGGED)
def test_bucket_access_is_logged(platform: Platform) -> None:
    """Where a place has a log bucket, each other bucket of its region logs to it."""
    logs = platform.all("aws_s3_bucket_logging")
    targets = {two.address: one.site for one in logs for two in one.refers("target_bucket", "aws_s3_bucket")}
    logged = {two.address for one in logs for two in one.refers("bucket", "aws_s3_bucket")}
    sites = set(targets.values())
    asked = [
        one
        for one in platform.all("aws_s3_bucket")
        if one.site in sites and one.address not in targets and not _abroad(platform, one)
    ]
    findings = judge(asked, lambda one: None if one.address in logged else "access is not logged")

    assert not findings.broken, findings.table()


def _abroad(platform: Platform, bucket: Item) -> bool:
    """Whether the bucket stands in the peer region, which its key shows."""
    path = "rule.0.apply_server_side_encryption_by_default.0.kms_master_key_id"
    ciphers = platform.referrers(bucket, "aws_s3_bucket_server_side_encryption_configuration")
    return any(one.refers(path, "aws_kms_replica_key") for one in ciphers)


KEYS = Control(
    id="AUDIT-004",
    title="Every key MUST rotate, be slow to delete, have an alias or a purpose, and admit services only for its own account",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=KMS,
    remedy="Set enable_key_rotation, deletion_window_in_days 30 and conditions on the source or the encryption context of each service.",
    relates=("aws_kms_key", "aws_kms_alias", "aws_kms_replica_key", "aws_sns_topic_policy"),
    frameworks={"nist": "SC-12", "pci": "3.7.4"},
    mutants=[
        edit("aws_kms_key", "module.global_audit.*", {"enable_key_rotation": False}, says="does not rotate"),
        edit(
            "aws_kms_key",
            "module.global_audit.*",
            {"policy": {"Statement": [{}, {"Condition": None}]}},
            says="any account",
        ),
        edit("aws_kms_replica_key", "module.global_state.*", {"deletion_window_in_days": 3}, says="3 days"),
    ],
)


@checks(KEYS)
def test_keys_are_kept(platform: Platform) -> None:
    """Each key is on, rotates where it can, and its policy names whom it admits."""
    replicas = {
        two.address
        for one in platform.all("aws_kms_replica_key")
        for two in one.refers("primary_key_arn", "aws_kms_key")
    }
    findings = judge(platform.all("aws_kms_key", "aws_kms_replica_key"), lambda one: _is_kept(platform, one, replicas))

    assert not findings.broken, findings.table()


def _is_kept(platform: Platform, key: Item, replicas: set[str]) -> list[str]:
    days = key.number("deletion_window_in_days")
    said = [] if days == WINDOW_DAYS else [f"is deleted after {days or 0:g} days"]
    said += ["is off"] if key.get("is_enabled") is False or key.get("enabled") is False else []
    said += ["may lock its owner out"] if key.get("bypass_policy_lockout_safety_check") is True else []
    if key.kind == "aws_kms_key":
        signs = key.text("key_usage") == "SIGN_VERIFY"
        said += (
            [f"{'rotates, but signs' if signs else 'does not rotate'}"]
            if key.get("enable_key_rotation") is signs
            else []
        )
        if (
            not signs
            and key.has("rotation_period_in_days")
            and not ROTATION_DAYS[0] <= (key.number("rotation_period_in_days") or 0) <= ROTATION_DAYS[1]
        ):
            said.append(f"rotates every {key.text('rotation_period_in_days')} days")
        said += (
            ["has replicas, but is not multi-region"]
            if key.address in replicas and key.get("multi_region") is not True
            else []
        )
        said += [] if platform.referrers(key, "aws_kms_alias") else ["has no alias"]
    held = forms(key)
    statements = held.get("policy", [])
    if statements and not any(one.allows and one.principals and one.covers("kms:PutKeyPolicy") for one in statements):
        said.append("its account cannot administer it")
    told = _told_by_topics(platform, key)
    return said + [
        text
        for one in statements
        for text in _admits(one)
        if text != ANY_ACCOUNT or one.conditions or not set(one.principals) <= told
    ]


def _told_by_topics(platform: Platform, key: Item) -> set[str]:
    """Who publishes to the topics that a key encrypts, where each topic asks for its own account.

    Not every publisher names its account to KMS; the topic can ask, and SNS passes on only what the topic admits.
    """
    found = {"sns.amazonaws.com"}
    for topic in platform.referrers(key, "aws_sns_topic"):
        statements = [
            one for held in platform.referrers(topic, "aws_sns_topic_policy") for one in forms(held).get("policy", ())
        ]
        admitted = [one for one in statements if one.allows]
        if not admitted or not all(one.demands("aws:SourceAccount") for one in admitted):
            return set()
        found.update(name for one in admitted for name in one.principals)
    return found
