"""Secrets of both clouds: kept, turned, and reaching the cluster by reference."""

import re
from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import GUARDED, ByClass
from suites.policy.statements import forms

SECRETS = ("aws_secretsmanager_secret", "google_secret_manager_secret")
DAY_S = 86_400

#: A deletion is regretted within weeks; AWS allows at most 30 days.
REGRET_DAYS = ByClass(production=(14, 30), rehearsal=(7, 30), trial=(7, 30))

#: An AWS account has so many digits.
ACCOUNT_DIGITS = 12

#: A rotation begins within a window of a night.
WINDOW_HOURS = (1, 4)

#: The slowest step waits twice for a connection (30 s); ten at once would storm the database. Seconds, MB, at once.
FUNCTION_BOUNDS = {"timeout": (30, 300), "memory_size": (128, 1024), "reserved_concurrent_executions": (1, 5)}

#: PCI DSS 8.3.9 bounds a password by 90 days; more often than weekly invites a failure for no gain.
ROTATION_DAYS = (7, 90)

KEPT = Control(
    id="SEC-001",
    title="Every secret of the platform MUST be encrypted by a key of ours, copied where its site may move, and recoverable",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
    remedy="Set kms_key_id, a replica with its key and a recovery window; deletion_protection and CMEK on GCP.",
    relates=("aws_secretsmanager_secret", "aws_kms_key", "google_secret_manager_secret", "google_kms_crypto_key"),
    frameworks={"nist": "SC-28", "pci": "8.3.2", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_secretsmanager_secret",
            'module.primary_secrets.aws_secretsmanager_secret.main["pager"]',
            {"recovery_window_in_days": 0},
            says="0 days",
        ),
        edit(
            "google_secret_manager_secret",
            'module.standby_secrets.google_secret_manager_secret.main["pager"]',
            {"deletion_protection": False},
            says="one command deletes it",
        ),
    ],
)


@checks(KEPT)
def test_secrets_are_kept(platform: Platform) -> None:
    """A secret is read by its owners, in both regions, and a mistaken deletion is undone."""
    findings = judge([one for one in platform.all(*SECRETS) if one.site != "global"], _kept)

    assert not findings.broken, findings.table()


def _kept(secret: Item) -> list[str]:
    low, high = REGRET_DAYS.of(secret)
    if secret.kind == "aws_secretsmanager_secret":
        said = (
            []
            if secret.refers("kms_key_id", "aws_kms_key") and secret.refers("replica", "aws_kms_replica_key")
            else ["no key of ours encrypts it, or its replica"]
        )
        days = secret.number("recovery_window_in_days") or 0
        return [
            *said,
            *(
                []
                if low <= days <= high and secret.get("force_overwrite_replica_secret") is not True
                else [f"is gone after {days:g} days, or overwrites its replica"]
            ),
        ]
    guarded = secret.get("deletion_protection") is True
    said = [] if guarded is GUARDED.of(secret) else [f"one command {'does not delete' if guarded else 'deletes'} it"]
    if (
        secret.has("version_destroy_ttl")
        and not low * DAY_S <= float(secret.text("version_destroy_ttl").removesuffix("s")) <= high * DAY_S
    ):
        said.append(f"an old version is gone after {secret.text('version_destroy_ttl')}")
    return said if secret.refers("replication", "google_kms_crypto_key") else [*said, "no key of ours encrypts it"]


TURNED = Control(
    id="SEC-002",
    title="Log-ins MUST turn within 90 days on both clouds, by a function or a message that somebody takes",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets.html",
    remedy="Declare aws_secretsmanager_secret_rotation by the function, and rotation with a topic on GCP, equally often.",
    relates=("aws_secretsmanager_secret_rotation", "aws_lambda_function", "google_secret_manager_secret"),
    frameworks={"nist": "IA-5", "pci": "8.3.9", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_secretsmanager_secret_rotation",
            'module.primary_secrets.aws_secretsmanager_secret_rotation.main["orders-database"]',
            {"rotation_rules": [{"automatically_after_days": 300}]},
            says="300 days",
        ),
        edit(
            "google_secret_manager_secret",
            'module.standby_secrets.google_secret_manager_secret.main["orders-database"]',
            {"topics": [None]},
            says="nobody is told",
        ),
    ],
)


@checks(TURNED)
def test_secrets_turn(platform: Platform) -> None:
    """A log-in that leaked is worthless within a quarter."""
    findings = judge(
        [
            *platform.all("aws_secretsmanager_secret_rotation"),
            *[one for one in platform.all("google_secret_manager_secret") if one.name != "facts"],
        ],
        _turns,
    )

    assert not findings.broken, findings.table()


def _turns(one: Item) -> list[str]:
    if one.kind == "aws_secretsmanager_secret_rotation":
        days = one.number("rotation_rules.0.automatically_after_days") or 0
        hours = float(one.text("rotation_rules.0.duration").removesuffix("h") or 0)
        told = (
            one.refers("rotation_lambda_arn", "aws_lambda_function")
            and one.get("rotate_immediately") is True
            and WINDOW_HOURS[0] <= hours <= WINDOW_HOURS[1]
        )
    else:
        days = float(one.text("rotation.0.rotation_period").removesuffix("s") or 0) / DAY_S
        told = one.refers("topics", "google_pubsub_topic")
    said = [] if ROTATION_DAYS[0] <= days <= ROTATION_DAYS[1] else [f"turns after {days:g} days"]
    return said if told else [*said, "nobody is told to turn it, or not in a night"]


FUNCTION = Control(
    id="SEC-003",
    title="The rotation MUST be able to do its four steps and no more, within its time, and its failure MUST be heard",
    system="secrets",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html",
    remedy="Grant Describe, Get, Put and UpdateSecretVersionStage; allow secretsmanager to invoke it for the account; dead letters.",
    relates=("aws_lambda_function", "aws_lambda_permission", "aws_iam_role_policy", "aws_sqs_queue"),
    frameworks={"nist": "AC-6", "soc2": "CC6.3"},
    mutants=[
        edit("aws_lambda_function", "module.primary_secrets.*", {"timeout": 6}, says="6 s"),
        remove("aws_lambda_permission", "module.primary_secrets.*", says="may not invoke it"),
        edit(
            "aws_iam_role_policy", "module.primary_secrets.*", {"policy": {"Statement": [None]}}, says="PutSecretValue"
        ),
    ],
)

STEPS = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "kms:GenerateDataKey",
    "sqs:SendMessage",
    "logs:PutLogEvents",
)


@checks(FUNCTION)
def test_the_rotation_can_do_its_steps(platform: Platform) -> None:
    """A rotation that starts ends, or calls somebody."""
    rotating = {
        to.address
        for one in platform.all("aws_secretsmanager_secret_rotation")
        for to in one.refers("rotation_lambda_arn")
    }
    findings = judge(
        [one for one in platform.all("aws_lambda_function") if one.address in rotating],
        lambda one: _steps(platform, one),
    )

    assert not findings.broken, findings.table()


def _steps(platform: Platform, function: Item) -> list[str]:
    said = [
        f"{name} is {function.number(name) or 0:g}{' s' if name == 'timeout' else ''}"
        for name, (low, high) in FUNCTION_BOUNDS.items()
        if not low <= (function.number(name) or 0) <= high
    ]
    if not (
        function.refers("vpc_config.0.security_group_ids")
        and function.refers("dead_letter_config")
        and function.refers("kms_key_arn")
        and function.refers("logging_config")
        and function.mappings("tracing_config")
    ):
        said.append("has no network, dead letter, key, log or trace of its own")
    permissions = platform.referrers(function, "aws_lambda_permission")
    if not any(
        one.text("principal") == "secretsmanager.amazonaws.com" and len(one.text("source_account")) == ACCOUNT_DIGITS
        for one in permissions
    ):
        said.append("Secrets Manager may not invoke it, or that of every account may")
    policies = [
        policy
        for role in function.refers("role", "aws_iam_role")
        for policy in platform.referrers(role, "aws_iam_role_policy")
    ]
    allowed = [
        statement for policy in policies for found in forms(policy).values() for statement in found if statement.allows
    ]
    said += [f"may not {action}" for action in STEPS if not any(statement.covers(action) for statement in allowed)]
    turning = [statement for statement in allowed if statement.covers("secretsmanager:PutSecretValue")]
    return said + [
        "may turn secrets that are not its own"
        for one in turning
        if not one.demands("secretsmanager:resource/AllowRotationLambdaArn")
    ]


REACHES = Control(
    id="SEC-004",
    title="Every ExternalSecret MUST name a secret that its site declares, by reference, and follow a rotation within minutes",
    system="secrets",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://external-secrets.io/latest/api/externalsecret/",
    remedy="Take remoteRef.key from the fact that Terraform wrote; refresh within the hour; keep the Secret when the object goes.",
    relates=("ExternalSecret", "fact", "ClusterSecretStore", "aws_secretsmanager_secret"),
    frameworks={"nist": "IA-5", "soc2": "CC6.1"},
    mutants=[
        edit(
            "ExternalSecret",
            "primary:shop/orders-database",
            {"spec": {"dataFrom": [{"extract": {"key": "somewhere/else"}}]}},
            says="somewhere/else",
        ),
        edit("ExternalSecret", "standby:shop/orders-database", {"spec": {"refreshInterval": "48h"}}, says="48h"),
        remove("ClusterSecretStore", "primary:platform", says="no store"),
    ],
)

#: A rotated log-in stays valid for one more rotation; an hour is far within it.
REFRESH_S = (30, 3600)


@checks(REACHES)
def test_external_secrets_reach_their_secret(platform: Platform) -> None:
    """What a pod reads is what Terraform declared for its site."""
    names = {
        (
            one.site,
            one.text("name") if one.kind.startswith("aws") and not one.has("secret_id") else one.text("secret_id"),
        )
        for one in platform.all(*SECRETS)
    }
    stores = {
        (one.site, one.name): {str(name) for condition in one.mappings("spec.conditions") for name in _names(condition)}
        for one in platform.all("ClusterSecretStore")
        if one.mapping("spec.provider")
    }
    findings = judge(platform.all("ExternalSecret"), lambda one: _reaches(one, names, stores))

    assert not findings.broken, findings.table()


def _reaches(one: Item, names: set[tuple[str, str]], stores: dict[tuple[str, str], set[str]]) -> list[str]:
    keys = [one.text(f"spec.data.{number}.remoteRef.key") for number in range(len(one.sequence("spec.data")))]
    keys += [one.text(f"spec.dataFrom.{number}.extract.key") for number in range(len(one.sequence("spec.dataFrom")))]
    said = [f"{key or 'nothing'} is no secret of {one.site}" for key in keys or [""] if (one.site, key) not in names]
    if one.namespace not in stores.get((one.site, one.text("spec.secretStoreRef.name")), set()):
        said.append(f"no store of {one.site} serves {one.namespace}")
    interval = one.text("spec.refreshInterval")
    match = re.fullmatch(r"(\d+)([smh])", interval)
    every = int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not REFRESH_S[0] <= every <= REFRESH_S[1]:
        said.append(f"looks again after {interval}")
    if one.text("spec.target.creationPolicy") != "Owner" or one.text("spec.target.deletionPolicy") != "Retain":
        said.append("takes the Secret away from running pods, or does not own it")
    # A template that holds facts is filled by them too, and known only when they are.
    if one.refers("spec.target.template", "fact"):
        return said
    used = {
        name
        for key in one.mapping("spec.target.template.data")
        for name in re.findall(r"\.(\w+)", one.text(("spec", "target", "template", "data", key)))
    }
    given = {str(row.get("secretKey")) for row in one.mappings("spec.data")}
    return said + ([f"template and keys differ: {sorted(used ^ given)}"] if given and used != given else [])


SAME = Control(
    id="SEC-005",
    title="Both sites MUST hold the same secrets and the same facts, so that a failover finds each log-in",
    system="secrets",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_disaster_recovery.html",
    remedy="Declare each secret in the unit secrets of both clouds, with a fact of the same name.",
    relates=("aws_secretsmanager_secret", "google_secret_manager_secret", "fact"),
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    mutants=[
        remove(
            "google_secret_manager_secret",
            'module.standby_secrets.google_secret_manager_secret.main["pager"]',
            says="standby has no pager",
        ),
        remove(
            "aws_secretsmanager_secret",
            'module.primary_secrets.aws_secretsmanager_secret.main["pager"]',
            says="primary has no pager",
        ),
        remove("fact", "fact:standby/pager_secret", says="standby has no fact pager_secret"),
    ],
)


@checks(SAME)
def test_both_sites_hold_the_same_secrets(platform: Platform) -> None:
    """No pod of the standby waits for a secret that only the primary has."""
    secrets = [one for one in platform.all(*SECRETS) if one.owner.endswith("/secrets")]
    things = [*secrets, *platform.all("fact")]
    held = {one.site: {_purpose(other) for other in things if other.site == one.site} for one in things}
    wanted = set().union(*held.values())
    missing = [f"{site} has no {name}" for site, names in held.items() for name in sorted(wanted - names)]
    findings = judge(things, lambda one: [text for text in missing if not text.startswith(one.site)])

    assert not findings.broken, findings.table()


def _names(condition: Mapping[str, object]) -> list[object]:
    names = condition.get("namespaces")
    return list(names) if isinstance(names, (list, tuple)) else []


def _purpose(secret: Item) -> str:
    if secret.kind == "fact":
        return f"fact {secret.name}"
    return secret.address.rpartition('["')[2].removesuffix('"]') if "[" in secret.address else secret.name
