"""Keys of both clouds: turning, recoverable, used through services only."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass
from suites.policy.statements import Statement, forms

KEYS = ("aws_kms_key", "aws_kms_replica_key", "google_kms_crypto_key")

#: A key is missed within weeks; AWS allows 7 to 30 days, Google up to 120.
REGRET_DAYS = (14, 60)

#: NIST SP 800-57 lets a data key live for one to two years; AWS turns at the earliest after 90 days.
ROTATION_DAYS = (30, 366)

DAY_S = 86_400

TURNING = Control(
    id="SEC-010",
    title="Every key MUST turn by itself at least yearly and survive its deletion for weeks",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    remedy="enable_key_rotation with a period, deletion_window_in_days of 14 or more; rotation_period and destroy_scheduled_duration.",
    relates=KEYS,
    frameworks={"nist": "SC-12", "pci": "3.7.4", "cis": "AWS 3.6", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_kms_key",
            'module.primary_kms.aws_kms_key.main["database"]',
            {"enable_key_rotation": False},
            says="does not turn",
        ),
        edit(
            "google_kms_crypto_key",
            'module.standby_kms.google_kms_crypto_key.main["database"]',
            {"rotation_period": "77760000s"},
            says="turns after 900 days",
        ),
        edit(
            "aws_kms_replica_key",
            'module.primary_kms.aws_kms_replica_key.peer["database"]',
            {"deletion_window_in_days": 7},
            says="gone after 7 days",
        ),
    ],
)

#: A key in hardware costs twenty times as much, and cannot be moved there later.
HELD_IN = ByClass(production="HSM", rehearsal="SOFTWARE", trial="SOFTWARE")


@checks(TURNING)
def test_keys_turn_and_survive_deletion(platform: Platform) -> None:
    """A key that leaks ages out, and one that is deleted can be saved."""
    findings = judge(platform.all(*KEYS), _turning)

    assert not findings.broken, findings.table()


def _turning(key: Item) -> list[str]:
    if key.kind == "google_kms_crypto_key":
        signs = not key.text("purpose").startswith("ENCRYPT")
        turns = None if signs else _seconds(key, "rotation_period") / DAY_S
        regret = _seconds(key, "destroy_scheduled_duration") / DAY_S
        said = (
            []
            if key.mappings("version_template") and key.text("version_template.0.protection_level") == HELD_IN.of(key)
            else [f"is not held in {HELD_IN.of(key)}, or in software"]
        )
    else:
        # A key that signs cannot turn: who trusts its public half would have to be told.
        signs = key.kind != "aws_kms_key" or key.text("customer_master_key_spec") != "SYMMETRIC_DEFAULT"
        turns = None if signs else key.number("rotation_period_in_days")
        regret = key.number("deletion_window_in_days") or 0
        said = [f"{name} is off" for name in ("is_enabled", "enabled") if key.get(name, default=True) is not True]
        if key.get("bypass_policy_lockout_safety_check") is True:
            said.append("may lock its owners out")
        if not signs and (key.get("enable_key_rotation") is not True or turns is None):
            said.append("does not turn")
    if turns is not None and not ROTATION_DAYS[0] <= turns <= ROTATION_DAYS[1]:
        said.append(f"turns after {turns:g} days")
    if not REGRET_DAYS[0] <= regret <= REGRET_DAYS[1]:
        said.append(f"is gone after {regret:g} days")
    return said


def _seconds(item: Item, path: str) -> float:
    return float(item.text(path).removesuffix("s") or 0)


POLICIES = Control(
    id="SEC-011",
    title="A key's policy MUST part administration from use, and use MUST come through a service, grants for resources only",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html",
    remedy="Write three statements: administer without Decrypt, use by kms:ViaService, CreateGrant by kms:GrantIsForAWSResource.",
    relates=("aws_kms_key", "aws_kms_replica_key", "aws_iam_policy_document"),
    frameworks={"nist": "AC-6", "pci": "3.6.1", "soc2": "CC6.3"},
    mutants=[
        edit(
            "aws_kms_key",
            'module.primary_kms.aws_kms_key.main["cache"]',
            {"policy": {"Statement": [{}, {"Condition": None}]}},
            says="used without a condition",
        ),
        edit(
            "aws_kms_key",
            'module.primary_kms.aws_kms_key.main["cache"]',
            {"policy": {"Statement": [None]}},
            says="nobody administers",
        ),
        edit(
            "aws_iam_policy_document",
            'module.primary_kms.data.aws_iam_policy_document.key["cache/main"]',
            {"statement": [{}, {}, {"condition": [None]}]},
            says="grants",
        ),
    ],
)

ADMINISTERS = ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DescribeKey")
USES = ("kms:Decrypt", "kms:GenerateDataKey")
NARROWS = ("kms:ViaService", "aws:SourceAccount", "aws:SourceArn", "kms:EncryptionContext:aws:logs:arn")


@checks(POLICIES)
def test_key_policies_part_administration_from_use(platform: Platform) -> None:
    """Who manages a key reads nothing with it, and who reads does so through a service."""
    keys = platform.all("aws_kms_key", "aws_kms_replica_key")
    written = {one.address: one for key in keys for one in key.refers("policy", "aws_iam_policy_document")}
    findings = judge([*keys, *written.values()], _parted)

    assert not findings.broken, findings.table()


def _parted(item: Item) -> list[str]:
    found = forms(item)
    return (
        [f"{form}: {text}" for form, statements in found.items() for text in _policy(statements)]
        if found
        else ["has no policy of its own"]
    )


def _policy(statements: list[Statement]) -> list[str]:
    allowed = [one for one in statements if one.allows]
    said = [] if any(one.covers(*ADMINISTERS) and one.principals for one in allowed) else ["nobody administers the key"]
    said += ["a statement is for nobody" for one in statements if not one.principals]
    said += [f"account {value} is none" for one in statements for value in _accounts(one) if len(value) != 12]  # noqa: PLR2004 - digits of an account
    # AWS's own default leaves every decision to IAM: there is nothing to part.
    if any("kms:*" in one.actions for one in allowed):
        return said
    using = [one for one in allowed if one.covers("kms:Decrypt")]
    if any(one.covers("kms:PutKeyPolicy") for one in using):
        said.append("one statement administers and decrypts")
    if not any(one.covers(*USES) and one.demands("kms:ViaService") for one in using):
        said.append("no service may use the key")
    said += ["is used without a condition" for one in using if not _narrowed(one)]
    grants = [one for one in allowed if one.covers("kms:CreateGrant")]
    if not grants or not all(one.demands("kms:GrantIsForAWSResource", "true") and _narrowed(one) for one in grants):
        said.append("grants are given to more than the resources of a service, or not at all")
    return said


def _narrowed(statement: Statement) -> bool:
    linked = all(":role/aws-service-role/" in one for one in statement.principals) and bool(statement.principals)
    return linked or any(statement.demands(name) for name in NARROWS)


def _accounts(statement: Statement) -> list[str]:
    return [
        value for key, values in statement.conditions.items() if key.endswith("aws:SourceAccount") for value in values
    ]


NAMED = Control(
    id="SEC-012",
    title="Every key and replica MUST have an alias, and an alias MUST name one key",
    system="secrets",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    remedy="Declare aws_kms_alias with target_key_id for each aws_kms_key and aws_kms_replica_key.",
    relates=("aws_kms_key", "aws_kms_replica_key", "aws_kms_alias"),
    frameworks={"nist": "CM-8"},
    mutants=[
        remove("aws_kms_alias", 'module.primary_kms.aws_kms_alias.main["backup"]', says="has no alias"),
        remove(
            "aws_kms_alias",
            'module.primary_kms.aws_kms_alias.peer["backup"]',
            says="has no alias",
            name="replica-without-alias",
        ),
    ],
)


@checks(NAMED)
def test_keys_have_aliases(platform: Platform) -> None:
    """People and logs call a key by a name that outlives it."""
    naming = {one.owner for one in platform.all("aws_kms_alias") if one.refers("target_key_id", "aws_kms_replica_key")}
    keys = [*platform.all("aws_kms_key"), *[one for one in platform.all("aws_kms_replica_key") if one.owner in naming]]
    findings = judge(keys, lambda one: None if platform.referrers(one, "aws_kms_alias") else "has no alias")

    assert not findings.broken, findings.table()


REPLICATED = Control(
    id="SEC-013",
    title="A key MUST be multi-Region exactly when a replica of it is declared, and the replicated stores' keys MUST have one",
    system="secrets",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html",
    remedy="Set multi_region on the keys of database, table, secrets, backup, registry and logs, and declare their replicas.",
    relates=("aws_kms_key", "aws_kms_replica_key", "aws_kms_alias"),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_kms_key",
            'module.primary_kms.aws_kms_key.main["table"]',
            {"multi_region": False},
            says="has a replica, but is of one Region",
        ),
        remove("aws_kms_replica_key", 'module.primary_kms.aws_kms_replica_key.peer["secrets"]', says="has no replica"),
        edit(
            "aws_kms_key", 'module.primary_kms.aws_kms_key.main["cache"]', {"multi_region": True}, says="has no replica"
        ),
    ],
)


@checks(REPLICATED)
def test_keys_have_the_replicas_they_declare(platform: Platform) -> None:
    """What is copied to the peer region can be read there."""
    owners = {one.owner for one in platform.all("aws_kms_replica_key")}
    keys = [one for one in platform.all("aws_kms_key") if one.owner in owners]
    findings = judge(keys, lambda one: _replicated(one, platform.referrers(one, "aws_kms_replica_key")))

    assert not findings.broken, findings.table()


def _replicated(key: Item, replicas: list[Item]) -> str | None:
    # Where one block makes all replicas, it refers to every key: the description says of which it is.
    has = any(
        len(one.refers("primary_key_arn", "aws_kms_key")) == 1 or one.text("description") == key.text("description")
        for one in replicas
    )
    if key.get("multi_region") is True:
        return None if has else "is multi-Region, but has no replica"
    return "has a replica, but is of one Region" if has else None


COUNTERPARTS = Control(
    id="SEC-014",
    title="Each purpose that has a key on one cloud MUST have one on the other",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kms/docs/cmek",
    remedy="Add the purpose to the unit kms of both clouds.",
    relates=("aws_kms_key", "google_kms_crypto_key"),
    frameworks={"nist": "SC-12", "soc2": "CC6.1"},
    mutants=[
        remove(
            "google_kms_crypto_key", 'module.standby_kms.google_kms_crypto_key.main["cache"]', says="no key for cache"
        ),
        remove("aws_kms_key", 'module.primary_kms.aws_kms_key.main["stream"]', says="no key for stream"),
    ],
)


@checks(COUNTERPARTS)
def test_purposes_have_a_key_on_both_clouds(platform: Platform) -> None:
    """No store of the standby shares a key that its counterpart does not share."""
    aws = [one for one in platform.all("aws_kms_key") if one.owner.endswith("/kms")]
    google = [
        one
        for one in platform.all("google_kms_crypto_key")
        if one.owner.endswith("/kms") and one.text("purpose") == "ENCRYPT_DECRYPT"
    ]
    purposes = {_purpose(one) for one in [*aws, *google]}
    sites = {"aws": {_purpose(one) for one in aws}, "google": {_purpose(one) for one in google}}
    missing = {cloud: sorted(purposes - has) for cloud, has in sites.items()}
    findings = judge(
        [*aws, *google],
        lambda one: [
            f"{cloud} has no key for {text}"
            for cloud, texts in missing.items()
            if one.kind.startswith(cloud) is False
            for text in texts
            if text == _purpose(one)
        ],
    )

    assert not findings.broken, findings.table()


def _purpose(key: Item) -> str:
    return key.address.rpartition('["')[2].removesuffix('"]')


AGENTS = Control(
    id="SEC-015",
    title="Every key of the standby MUST be usable by the agent of the service that it is for, by nobody else, in a switched-on API",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kms/docs/reference/permissions-and-roles",
    remedy="Bind cryptoKeyEncrypterDecrypter to the service agent, and enable the API of each agent in the unit kms.",
    relates=("google_kms_crypto_key", "google_kms_crypto_key_iam_member", "google_project_service"),
    frameworks={"nist": "AC-6", "soc2": "CC6.3"},
    mutants=[
        remove(
            "google_kms_crypto_key_iam_member",
            'module.standby_kms.google_kms_crypto_key_iam_member.main["table/gcp-sa-bigtable"]',
            says="nobody may use",
        ),
        edit(
            "google_project_service",
            'module.standby_kms.google_project_service.main["sqladmin.googleapis.com"]',
            {"disable_on_destroy": True},
            says="switches its API off",
        ),
    ],
)


@checks(AGENTS)
def test_keys_are_usable_by_their_service(platform: Platform) -> None:
    """A store can read its key, and nothing else can."""
    members = platform.all("google_kms_crypto_key_iam_member")
    bound = {
        one.address.rpartition('["')[2].partition("/")[0]
        for one in members
        if one.refers("crypto_key_id") and one.text("role").endswith("cryptoKeyEncrypterDecrypter")
    }
    things = [
        *[
            one
            for one in platform.all("google_kms_crypto_key")
            if one.text("purpose") == "ENCRYPT_DECRYPT" and one.owner.endswith("/kms")
        ],
        *platform.all("google_project_service"),
    ]
    findings = judge(things, lambda one: _usable(one, bound) if one.kind == "google_kms_crypto_key" else _enabled(one))

    assert not findings.broken, findings.table()


def _usable(key: Item, bound: set[str]) -> list[str]:
    said = [] if _purpose(key) in bound else ["nobody may use the key"]
    return said if key.refers("key_ring", "google_kms_key_ring") else [*said, "lies in no ring that is declared"]


def _enabled(service: Item) -> list[str]:
    return (
        ["switches its API off with what depends on it"]
        if service.get("disable_on_destroy") is True or service.get("disable_dependent_services") is True
        else []
    )
