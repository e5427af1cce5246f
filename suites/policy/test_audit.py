"""Trails of both clouds: complete, immutable, watched."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import LOG_DAYS, UNALTERABLE

TRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html"
CIS = "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html"
SINK = "https://cloud.google.com/logging/docs/audit/best-practices"
DAY_S = 86400
#: NIST 800-63B and CIS 1.8, 1.9: length, memory and age of a password.
PASSWORD = {"minimum_password_length": (14, 128), "password_reuse_prevention": (24, 24), "max_password_age": (30, 90)}
STRONG = (
    "allow_users_to_change_password",
    "require_lowercase_characters",
    "require_numbers",
    "require_symbols",
    "require_uppercase_characters",
)
#: What a deleted object may be brought back from: a week, as Cloud Storage proposes, to three months.
SOFT_DELETE_S = (7 * DAY_S, 90 * DAY_S)
ARCHIVE_DAYS = 90
KINDS = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
#: Events without which a trail shows no theft of data (AWS Security Hub CloudTrail and CloudWatch controls).
DATA = ("AWS::S3::Object", "AWS::DynamoDB::Table", "AWS::Lambda::Function")

COMPLETE = Control(
    id="AUDIT-005",
    title="A trail MUST record every region and every data event, prove its files whole, and be kept at hand for a year",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=TRAIL,
    remedy="Set is_multi_region_trail, log file validation, the event selectors, both insights, and a log group kept 365 days or more.",
    relates=("aws_cloudtrail", "aws_cloudwatch_log_group", "aws_s3_bucket_object_lock_configuration"),
    frameworks={"nist": "AU-2", "cis": "3.1", "pci": "10.2.1", "soc2": "CC7.2"},
    mutants=[
        edit("aws_cloudtrail", "*", {"is_multi_region_trail": False}, says="is_multi_region_trail"),
        edit("aws_cloudwatch_log_group", "module.global_audit.*", {"retention_in_days": 36}, says="36 days"),
        edit("aws_cloudtrail", "*", {"advanced_event_selector": [{}, None]}, says="AWS::S3::Object"),
        remove("aws_cloudtrail", "*", says="no trail records"),
    ],
)


@checks(COMPLETE)
def test_trail_is_complete(platform: Platform) -> None:
    """Each trail sees all regions, management and data events, and is archived under a lock longer than its logs."""
    accounts = platform.all("aws_s3_account_public_access_block")
    trails = platform.all("aws_cloudtrail")

    def watched(one: Item) -> list[str]:
        if one.kind != "aws_cloudtrail":
            return ["no trail records what happens in its account"]
        return [*_complete(platform, one), *([] if accounts else ["its account admits public buckets"])]

    findings = judge(trails or accounts, watched)

    assert not findings.broken, findings.table()


def _selectors(block: object) -> list[object]:
    found = block.get("field_selector") if isinstance(block, dict) else None
    return list(found) if isinstance(found, (list, tuple)) else []


def _complete(platform: Platform, trail: Item) -> list[str]:
    flags = ("enable_log_file_validation", "enable_logging", "include_global_service_events", "is_multi_region_trail")
    said = [f"{flag} is off" for flag in flags if trail.get(flag) is not True]
    if trail.get("is_organization_trail") is True:
        said.append("records an organisation into the bucket of one account")
    fields = [f for one in trail.mappings("advanced_event_selector") for f in _selectors(one) if isinstance(f, dict)]
    said += [
        f"{kind} is not recorded"
        for kind in (*DATA, "Management")
        if not any(kind in (f.get("equals") or ()) for f in fields)
    ]
    said += ["records its own writes"] if not any(f.get("not_starts_with") for f in fields) else []
    data = [one for one in trail.mappings("advanced_event_selector") if "Management" not in str(one)]
    said += [f"{one.get('name')}: is not about data" for one in data if "Data" not in str(one.get("field_selector"))]
    said += [] if len(trail.mappings("insight_selector")) > 1 else ["sees no unusual rate of calls or errors"]
    groups = trail.refers("cloud_watch_logs_group_arn", "aws_cloudwatch_log_group")
    said += [] if groups and trail.refers("cloud_watch_logs_role_arn", "aws_iam_role") else ["is not at hand"]
    days = max((one.number("retention_in_days") or 0 for one in groups), default=0)
    low, high = LOG_DAYS.of(trail)
    said += [] if low <= days <= high else [f"is at hand for {days:g} days"]
    for bucket in trail.refers("s3_bucket_name", "aws_s3_bucket"):
        locks = platform.referrers(bucket, "aws_s3_bucket_object_lock_configuration")
        held = [
            one
            for one in locks
            if one.text("rule.0.default_retention.0.mode") == "COMPLIANCE"
            and (one.number("rule.0.default_retention.0.days") or 0) > days
        ]
        said += [] if held else ["is archived without a lock that outlasts its logs"]
    return said + ([f"its {one.address} is left behind" for one in groups if one.get("skip_destroy") is True])


WATCHED = Control(
    id="AUDIT-006",
    title="Every metric filter on a log MUST have an alarm that goes off at the first event, within minutes",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=CIS,
    remedy="Declare an alarm on the filter's metric; let the filter count 1 for a match and 0 otherwise.",
    relates=("aws_cloudwatch_log_metric_filter", "aws_cloudwatch_metric_alarm", "aws_cloudtrail"),
    frameworks={"nist": "AU-6", "cis": "4.1", "pci": "10.4.1"},
    mutants=[
        remove("aws_cloudwatch_metric_alarm", 'module.global_audit.*["root-use"]', says="no alarm"),
        edit(
            "aws_cloudwatch_log_metric_filter",
            'module.global_audit.*["root-use"]',
            {"metric_transformation": [{"value": "0"}]},
            says="counts 0",
        ),
        remove("aws_cloudwatch_log_metric_filter", 'module.global_audit.*["key-loss"]', says="no filter"),
    ],
)


@checks(WATCHED)
def test_trail_is_watched(platform: Platform) -> None:
    """Each filter counts ones and is alarmed; each alarm on a trail's metric has its filter."""
    groups = {g.address for one in platform.all("aws_cloudtrail") for g in one.refers("cloud_watch_logs_group_arn")}
    filters = [
        one
        for one in platform.all("aws_cloudwatch_log_metric_filter")
        if {g.address for g in one.refers("log_group_name")} & groups
    ]
    spaces = {one.text("metric_transformation.0.namespace"): one for one in filters}
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.text("namespace") in spaces]
    counted = {one.text("metric_transformation.0.name") for one in filters}
    alarmed = {one.text("metric_name") for one in alarms if _at_once(one)}
    findings = judge([*filters, *alarms], lambda one: _watched(one, counted, alarmed))

    assert not findings.broken, findings.table()


def _at_once(alarm: Item) -> bool:
    return [alarm.number(key) for key in ("threshold", "evaluation_periods")] == [1, 1] and alarm.get(
        "actions_enabled"
    ) is not False


def _watched(item: Item, counted: set[str], alarmed: set[str]) -> list[str]:
    if item.kind == "aws_cloudwatch_metric_alarm":
        return [] if item.text("metric_name") in counted else [f"no filter counts {item.text('metric_name')}"]
    name, value, default = (item.text(f"metric_transformation.0.{key}") for key in ("name", "value", "default_value"))
    said = [] if name in alarmed else [f"no alarm goes off at the first {name}"]
    return said + ([] if (value, default) == ("1", "0") else [f"counts {value} for a match and {default} otherwise"])


PEOPLE = Control(
    id="AUDIT-007",
    title="Passwords of the account MUST be long, mixed, changed and not used again, and no bucket of it public",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html",
    remedy="Set the password policy of the account and its public access block.",
    frameworks={"nist": "IA-5", "cis": "1.8", "pci": "8.3.6"},
    mutants=[
        edit(
            "aws_iam_account_password_policy", "*", {"minimum_password_length": 1}, says="minimum_password_length of 1"
        ),
        edit("aws_s3_account_public_access_block", "*", {"block_public_acls": False}, says="block_public_acls"),
    ],
)


@checks(PEOPLE)
def test_account_is_strict(platform: Platform) -> None:
    """The account's password policy and its public access block are strict."""
    findings = judge(platform.all("aws_iam_account_password_policy", "aws_s3_account_public_access_block"), _strict)

    assert not findings.broken, findings.table()


def _strict(item: Item) -> list[str]:
    if item.kind == "aws_s3_account_public_access_block":
        flags = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
        return [f"{flag} is off" for flag in flags if item.get(flag) is not True]
    said = [f"{flag} is off" for flag in STRONG if item.get(flag) is not True]
    said += ["locks out whose password expired"] if item.get("hard_expiry") is True else []
    return said + [
        f"{key} of {item.text(key)}"
        for key, (low, high) in PASSWORD.items()
        if not low <= (item.number(key) or 0) <= high
    ]


PARITY = Control(
    id="AUDIT-008",
    title="The standby's audit logs MUST go, all kinds of them, to a bucket locked for as long as the primary's trail",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=SINK,
    remedy="Enable all three log types for all services, sink them with an identity of its own, lock the bucket's retention to the trail's.",
    relates=(
        "google_logging_project_sink",
        "google_storage_bucket",
        "google_project_iam_audit_config",
        "aws_s3_bucket_object_lock_configuration",
    ),
    frameworks={"nist": "AU-11", "pci": "10.5.1", "soc2": "CC7.2"},
    mutants=[
        edit(
            "google_storage_bucket",
            "module.standby_audit.*",
            {"retention_policy": [{"is_locked": False}]},
            says="not locked",
        ),
        edit("google_project_iam_audit_config", "*", {"audit_log_config": [None]}, says="ADMIN_READ"),
        remove("google_storage_bucket_iam_member", "module.standby_audit.*", says="may not write"),
    ],
)


@checks(PARITY)
def test_standby_is_audited_as_long(platform: Platform) -> None:
    """Each sink of audit logs ends in a locked bucket with the retention of the other cloud's trail."""
    locks = platform.all("aws_s3_bucket_object_lock_configuration")
    days = max(
        (
            one.number("rule.0.default_retention.0.days") or 0
            for one in locks
            if one.text("rule.0.default_retention.0.mode") == "COMPLIANCE"
        ),
        default=0,
    )
    configs = platform.all("google_project_iam_audit_config")
    kinds = {
        str(k.get("log_type"))
        for one in configs
        if one.text("service") == "allServices"
        for k in one.mappings("audit_log_config")
    }
    sinks = [
        one for one in platform.all("google_logging_project_sink") if one.refers("destination", "google_storage_bucket")
    ]
    contacts = platform.all("google_essential_contacts_contact")
    heard = {str(x) for one in contacts for x in one.sequence("notification_category_subscriptions")}
    missing = [f"{one} is not logged" for one in sorted(KINDS - kinds)] + [
        f"nobody hears of {one}" for one in ("SECURITY", "TECHNICAL") if one not in heard
    ]
    findings = judge(sinks, lambda one: [*_audited(platform, one, days), *missing])

    assert not findings.broken, findings.table()


def _audited(platform: Platform, sink: Item, days: float) -> list[str]:
    said = [] if sink.get("unique_writer_identity") is True else ["writes as everybody else"]
    buckets = sink.refers("destination", "google_storage_bucket")
    said += [] if buckets else ["goes to no declared bucket"]
    for bucket in buckets:
        kept = (bucket.number("retention_policy.0.retention_period") or 0) / DAY_S
        locked = bucket.get("retention_policy.0.is_locked") is True
        said += [] if locked is UNALTERABLE.of(bucket) else [f"its retention is {'' if locked else 'not '}locked"]
        said += [f"is kept {kept:g} days, the primary's trail {days:g}"] if days and kept != days else []
        said += (
            []
            if bucket.get("uniform_bucket_level_access") is True and bucket.get("force_destroy") is False
            else ["is opened by object or destroyed by force"]
        )
        said += (
            []
            if bucket.has("encryption.0") and bucket.refers("encryption", "google_kms_crypto_key")
            else ["has no key of its own"]
        )
        soft = bucket.number("soft_delete_policy.0.retention_duration_seconds") or 0
        said += [] if SOFT_DELETE_S[0] <= soft <= SOFT_DELETE_S[1] else [f"brings back for {soft:g} s"]
        ages = {_action(one): _age(one) for one in bucket.mappings("lifecycle_rule")}
        if ages.get("SetStorageClass") != ARCHIVE_DAYS or not kept <= ages.get("Delete", 0) <= kept + ARCHIVE_DAYS:
            said.append(f"ages {ages} do not archive after a quarter and delete after the lock")
        said += [] if platform.referrers(bucket, "google_storage_bucket_iam_member") else ["its sink may not write"]
    return said


def _action(rule: object) -> str:
    found = rule.get("action") if isinstance(rule, dict) else None
    return str(found[0].get("type")) if found else ""


def _age(rule: object) -> float:
    found = rule.get("condition") if isinstance(rule, dict) else None
    return float(found[0].get("age") or 0) if found else 0.0


GUARDED = Control(
    id="AUDIT-009",
    title="Every organisation policy MUST be enforced for itself, and forbid keys of service accounts, public buckets and addresses",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/resource-manager/docs/organization-policy/org-policy-constraints",
    remedy="Declare the constraint with enforce TRUE, deny_all TRUE or a list of values, and inherit_from_parent false.",
    frameworks={"nist": "CM-7", "soc2": "CC6.6"},
    mutants=[
        edit(
            "google_org_policy_policy",
            "*external_addresses",
            {"spec": [{"rules": [{"deny_all": "FALSE"}]}]},
            says="enforces nothing",
        ),
        remove(
            "google_org_policy_policy",
            '*["iam.disableServiceAccountKeyCreation"]',
            says="iam.disableServiceAccountKeyCreation",
        ),
    ],
)

#: The constraints that Google's secure-by-default set enforces, and those that the platform's other promises rest on.
CONSTRAINTS = (
    "compute.disableSerialPortAccess",
    "compute.requireOsLogin",
    "compute.requireShieldedVm",
    "compute.skipDefaultNetworkCreation",
    "compute.vmExternalIpAccess",
    "gcp.resourceLocations",
    "gcp.restrictNonCmekServices",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "sql.restrictPublicIp",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
)


@checks(GUARDED)
def test_organisation_policies_are_enforced(platform: Platform) -> None:
    """Each policy enforces something of its own, and none of the needed constraints is missing."""
    policies = platform.all("google_org_policy_policy")
    missing = [
        f"{one} is not declared" for one in CONSTRAINTS if not any(p.text("name").endswith(f"/{one}") for p in policies)
    ]
    findings = judge(policies, lambda one: [*_enforced(one), *missing])

    assert not findings.broken, findings.table()


def _enforced(policy: Item) -> list[str]:
    rule = policy.mapping("spec.0.rules.0")
    strict = "TRUE" in (str(rule.get("enforce")).upper(), str(rule.get("deny_all")).upper()) or bool(rule.get("values"))
    return ([] if strict else ["enforces nothing"]) + (
        [] if policy.get("spec.0.inherit_from_parent") is False else ["inherits what it should decide"]
    )
