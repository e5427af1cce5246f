"""Keys and secrets seen from those who use them: admitted by name, and nobody else."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.statements import Statement, forms

KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-services.html"

ADMITTED = Control(
    id="SEC-016",
    title="Every AWS service that uses a key in its own name MUST be admitted by the key's policy to what it does",
    system="secrets",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=KMS,
    remedy="Add the service's principal to the key's policy with the actions that the finding names.",
    frameworks={"nist": "SC-12", "soc2": "CC6.1"},
    relates=("aws_cloudwatch_log_group", "aws_cloudtrail", "aws_route53_key_signing_key", "aws_kms_key"),
    mutants=[
        edit("aws_kms_key", "module.global_dns.aws_kms_key.log", {"policy": {"Statement": [{}, None]}}, says="does not admit logs.", name="without-logs"),
        edit("aws_kms_key", "module.global_dns.*.signing", {"policy": {"Statement": [{}, {}, None]}}, says="kms:CreateGrant", name="without-grants"),
        edit("aws_kms_key", "module.global_audit.*", {"policy": {"Statement": [{}, None, {}, {}]}}, says="does not admit", name="without-a-trail"),
    ],
)  # fmt: skip

#: Who comes for the key of such a resource, where the key stands, and what he does with it.
USERS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "aws_cloudwatch_log_group": ("logs.", "kms_key_id", ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")),
    "aws_cloudtrail": ("cloudtrail.amazonaws.com", "kms_key_id", ("kms:DescribeKey", "kms:GenerateDataKey")),
    "aws_route53_key_signing_key": (
        "dnssec-route53.amazonaws.com",
        "key_management_service_arn",
        ("kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:CreateGrant"),
    ),
}
KEYS = ("aws_kms_key", "aws_kms_replica_key")


@checks(ADMITTED)
def test_keys_admit_their_services(platform: Platform) -> None:
    """No log, trail or signature fails because a key does not know its user."""
    findings = judge(platform.all(*USERS), _admitted)

    assert not findings.broken, findings.table()


def _admitted(user: Item) -> str | None:
    principal, path, actions = USERS[user.kind]
    keys = [one for one in user.refers(path) if one.kind in KEYS and one.knows("policy")]
    # One key out of a map of keys is meant: a plan that does not say which leaves each of them possible.
    lacking = [[one for one in actions if not _admits(key, principal, one)] for key in keys]
    if not keys or not all(lacking):
        return None
    least = min(lacking, key=len)
    return f"{', '.join(key.address for key in keys)} does not admit {principal} to {', '.join(least)}"


def _admits(key: Item, principal: str, action: str) -> bool:
    return any(
        one.allows and one.covers(action) and any(name.startswith(principal) for name in one.principals)
        for one in forms(key).get("policy", [])
    )


CLOSED = Control(
    id="SEC-017",
    title="Every secret of AWS MUST refuse callers of other accounts and whoever comes without TLS",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
    remedy="Deny secretsmanager:* to every principal of another account, and without aws:SecureTransport.",
    frameworks={"nist": "AC-3", "pci": "7.2.1", "soc2": "CC6.1"},
    mutants=[
        edit("aws_secretsmanager_secret", "module.primary_secrets.*facts", {"policy": {"Statement": [{}, None]}}, says="another account", name="other-accounts"),
        edit("aws_secretsmanager_secret", "module.primary_secrets.*facts", {"policy": {"Statement": [{"Condition": None}]}}, says="without"),
    ],
)  # fmt: skip
EVERYBODY, ACCOUNT_DIGITS = "*", 12


@checks(CLOSED)
def test_secrets_are_closed_to_strangers(platform: Platform) -> None:
    """What IAM of another account allows, the secret itself refuses."""
    held = [one for one in platform.all("aws_secretsmanager_secret") if one.has("policy") and one.knows("policy")]
    findings = judge(held, _closed)

    assert not findings.broken, findings.table()


def _closed(secret: Item) -> Iterator[str]:
    denied = [one for one in forms(secret).get("policy", []) if not one.allows and EVERYBODY in one.principals]
    owners = [values for one in denied for values in _of(one, "StringNotEquals", "aws:PrincipalAccount")]
    if not owners or any(len(one) != ACCOUNT_DIGITS or not one.isdigit() for values in owners for one in values):
        yield f"lets in who is of another account: {owners or 'none is refused'}"
    if not any(one.demands("aws:SecureTransport", "false") for one in denied):
        yield "lets in who comes without TLS"


def _of(statement: Statement, test: str, variable: str) -> list[tuple[str, ...]]:
    return [values for key, values in statement.conditions.items() if key == f"{test} {variable}"]


TOLD = Control(
    id="SEC-018",
    title="What a secret tells the clusters of the platform MUST be the platform's facts, each of them, and be on",
    system="secrets",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    remedy="Write the module's facts into the secret as they are.",
    frameworks={"nist": "CM-2"},
    relates=("google_secret_manager_secret_version", "fact"),
    mutants=[
        edit("google_secret_manager_secret_version", "*.facts", {"secret_data": {"orders_database_port": "543"}}, says="orders_database_port is 543"),
        edit("google_secret_manager_secret_version", "*.facts", {"enabled": False}, says="is switched off"),
    ],
)  # fmt: skip


@checks(TOLD)
def test_secrets_hold_the_facts(platform: Platform) -> None:
    """What a manifest is given is what Terraform made."""
    facts = {(one.site, one.name.rpartition("/")[2]): one for one in platform.all("fact")}
    versions = [one for one in platform.all("google_secret_manager_secret_version") if one.name == "facts"]

    def told(version: Item) -> Iterator[str]:
        if version.get("enabled") is not True:
            yield "is switched off"
        for name in version.mapping("secret_data"):
            fact, path = facts.get((version.site, name)), ("secret_data", name)
            if fact is None:
                yield f"{name} is no fact of {version.site}"
            elif fact.knows("value") and version.knows(path) and fact.text("value") != version.text(path):
                yield f"{name} is {version.text(path)}, the fact says {fact.text('value')}"
        missing = {name for site, name in facts if site == version.site} - set(version.mapping("secret_data"))
        yield from (f"does not hold {name}" for name in sorted(missing))

    findings = judge(versions, told)

    assert not findings.broken, findings.table()
