"""Policy documents: what identities may do, and what resources let be done to them, judged statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.platform import Item, Platform

#: Where a resource keeps the policy that guards it.
GUARDS = {
    "aws_s3_bucket_policy": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_ecr_repository_policy": "policy",
    "aws_ecr_repository_creation_template": "repository_policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_kms_key": "policy",
    "aws_backup_vault_policy": "policy",
    "aws_iam_role": "assume_role_policy",
    "aws_cloudwatch_event_bus_policy": "policy",
}
#: Where an identity keeps what it may do.
GRANTS = {"aws_iam_role_policy": "policy", "aws_iam_policy": "policy"}

ACCOUNT = re.compile(r"\d{12}")
ACCOUNT_KEYS = ("aws:sourceaccount", "aws:principalaccount", "aws:resourceaccount", "kms:calleraccount")

Statement = Mapping[str, object]


def statements(item: Item, path: str) -> list[Statement]:
    """The statements of a policy document; none where the document is not known."""
    return item.mappings((path, "Statement"))


WHOLE_GUARDS = Control(
    id="ZT-101",
    title="Every policy that guards a resource MUST name whom, what and under which condition in each statement",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html",
    remedy="Give each statement a Principal and an Action; a Deny and a grant to a service or to everybody also a Condition.",
    frameworks={"nist": "AC-3", "pci": "7.2.1", "hipaa": "164.312(a)(1)", "soc2": "CC6.3"},
    mutants=[
        edit("aws_ecr_repository_policy", "*", {"policy": {"Statement": [{"Principal": None}]}}, says="names no principal"),
        edit("aws_ecr_repository_policy", "*", {"policy": {"Statement": [{}, {"Condition": None}]}}, says="denies without a condition"),
    ],
)  # fmt: skip


@checks(WHOLE_GUARDS)
def test_guards_are_whole(platform: Platform) -> None:
    """No statement is left without the part that narrows it."""
    findings = judge(platform.all(*GUARDS), lambda item: list(_incomplete(statements(item, GUARDS[item.kind]))))

    assert not findings.broken, findings.table()


def _incomplete(found: list[Statement]) -> Iterator[str]:
    for position, one in enumerate(found):
        name = one.get("Sid") or position
        if not _states(one, "Principal", "NotPrincipal"):
            yield f"statement {name} names no principal"
        if not _states(one, "Action", "NotAction"):
            yield f"statement {name} names no action"
        conditions = one.get("Condition")
        narrowed = isinstance(conditions, Mapping) and len(conditions) > 0
        if one.get("Effect") == "Deny" and not narrowed:
            yield f"statement {name} denies without a condition: nobody gets in"
        if one.get("Effect") == "Allow" and not narrowed and _is_everybody(one.get("Principal")):
            yield f"statement {name} allows everybody"
        yield from _hollow(str(name), conditions)


def _states(statement: Statement, *keys: str) -> bool:
    """Whether one of the keys is there, be its value known yet or not."""
    return any(statement.get(key) is not None for key in keys)


def _is_everybody(principal: object) -> bool:
    named = principal.get("AWS") if isinstance(principal, Mapping) else principal
    known = [one for one in (named if isinstance(named, list) else [named]) if one is not UNKNOWN]
    return "*" in known


def _hollow(name: str, conditions: object) -> Iterator[str]:
    for operator, pairs in conditions.items() if isinstance(conditions, Mapping) else ():
        if isinstance(pairs, Mapping) and len(pairs) == 0:
            yield f"statement {name}: condition {operator} compares nothing"


KNOWN_ACCOUNTS = Control(
    id="ZT-102",
    title="Every account that a policy names MUST be an account of the platform",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    remedy="Pass the environment's account_id to the module; list a third party's account where it is trusted on purpose.",
    frameworks={"nist": "AC-4", "pci": "7.2.5", "soc2": "CC6.3"},
    relates=("unit",),
    mutants=[
        edit(
            "aws_ecr_repository_policy", "*",
            {"policy": {"Statement": [{}, {"Condition": {"StringNotEquals": {"aws:PrincipalAccount": ["123456789012"]}}}]}},
            says="123456789012",
        ),
    ],
)  # fmt: skip


@checks(KNOWN_ACCOUNTS)
def test_policies_name_our_accounts_only(platform: Platform) -> None:
    """A grant to a foreign account, or a misspelt one, is not silently there."""
    ours = {str(unit.get("inputs.account_id")) for unit in platform.all("unit")}

    def foreign(item: Item) -> list[str]:
        path = (GUARDS | GRANTS)[item.kind]
        named = [(key, value) for one in statements(item, path) for key, value in _accounts(one)]
        return [f"{key} is {value}, no account of the platform" for key, value in named if value not in ours]

    findings = judge(platform.all(*GUARDS, *GRANTS), foreign)

    assert not findings.broken, findings.table()


def _accounts(statement: Statement) -> Iterator[tuple[str, str]]:
    conditions = statement.get("Condition")
    for pairs in conditions.values() if isinstance(conditions, Mapping) else ():
        for key, values in pairs.items() if isinstance(pairs, Mapping) else ():
            if key.lower() in ACCOUNT_KEYS:
                known = [one for one in (values if isinstance(values, list) else [values]) if one is not UNKNOWN]
                yield from ((key, str(one)) for one in known)


BOUNDED_SWITCHES = Control(
    id="ZT-103",
    title="Every true-or-false condition of a policy MUST narrow in the direction that its key means",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html",
    remedy="Deny where aws:SecureTransport is false, grants where kms:GrantIsForAWSResource is true, and so on.",
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"},
    mutants=[
        edit("aws_ecr_repository_policy", "*", {"policy": {"Statement": [{}, {"Condition": {"Bool": {"aws:PrincipalIsAWSService": ["true"]}}}]}}, says="aws:PrincipalIsAWSService"),
    ],
)  # fmt: skip

#: The value that narrows, by effect and key; a Deny hits the bad case, an Allow asks for the good one.
NARROWS = {
    ("Deny", "aws:securetransport"): "false",
    ("Deny", "aws:principalisawsservice"): "false",
    ("Deny", "aws:viaawsservice"): "false",
    ("Allow", "aws:securetransport"): "true",
    ("Allow", "kms:grantisforawsresource"): "true",
    ("Allow", "aws:multifactorauthpresent"): "true",
    ("Deny", "aws:multifactorauthpresent"): "false",
}


@checks(BOUNDED_SWITCHES)
def test_switches_narrow(platform: Platform) -> None:
    """A condition that is turned round opens what it was meant to close."""
    findings = judge(
        platform.all(*GUARDS, *GRANTS),
        lambda item: [said for one in statements(item, (GUARDS | GRANTS)[item.kind]) for said in _turned(one)],
    )

    assert not findings.broken, findings.table()


def _turned(statement: Statement) -> Iterator[str]:
    conditions = statement.get("Condition")
    for operator, pairs in conditions.items() if isinstance(conditions, Mapping) else ():
        if not operator.startswith("Bool"):
            continue
        for key, values in pairs.items():
            wanted = NARROWS.get((str(statement.get("Effect")), key.lower()))
            given = [str(one).lower() for one in (values if isinstance(values, list) else [values])]
            if wanted is not None and given != [wanted]:
                yield f"{statement.get('Effect')} where {key} is {', '.join(given)}: it must be {wanted}"


GUARDED = Control(
    id="ZT-104",
    title="Every bucket, repository and pager queue MUST carry a policy of its own",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_permissions_least_privileges.html",
    remedy="Add the policy resource; without one only identity policies decide who gets in.",
    frameworks={"nist": "AC-3", "pci": "7.2.1", "soc2": "CC6.1"},
    relates=("aws_s3_bucket", "aws_s3_bucket_policy"),
    mutants=[
        remove("aws_ecr_repository_policy", '*shop["orders"]', says="has no policy of its own"),
        remove("aws_s3_bucket_policy", "module.global_state.*", says="has no policy of its own"),
    ],
)

#: Policy resource by the resource that it guards.
GUARD_OF = {"aws_s3_bucket": "aws_s3_bucket_policy", "aws_ecr_repository": "aws_ecr_repository_policy"}


@checks(GUARDED)
def test_stores_carry_a_policy(platform: Platform) -> None:
    """Who may reach a store is said at the store."""

    def unguarded(store: Item) -> str | None:
        return None if platform.referrers(store, GUARD_OF[store.kind]) else "has no policy of its own"

    findings = judge(platform.all(*GUARD_OF), unguarded)

    assert not findings.broken, findings.table()


GRANTED = Control(
    id="ZT-105",
    title="Every statement that grants something MUST name actions and resources, and no role MUST be left without any",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    remedy="Name the actions and ARNs; attach a policy to the role or remove the role.",
    frameworks={"nist": "AC-6", "pci": "7.2.2", "hipaa": "164.312(a)(1)", "soc2": "CC6.3"},
    relates=("aws_iam_role", "aws_iam_role_policy"),
    mutants=[
        edit("aws_iam_role_policy", "module.primary_registry.*", {"policy": {"Statement": [{"Action": None}]}}, says="names no action"),
        remove("aws_iam_role_policy", 'module.primary_workload_identity.aws_iam_role_policy.main["shop/orders"]', says="may do nothing"),
    ],
)  # fmt: skip


@checks(GRANTED)
def test_grants_are_whole_and_roles_are_used(platform: Platform) -> None:
    """A role without a policy is a mistake: either the policy was lost or the role is not needed."""
    givers = (
        "aws_iam_role_policy",
        "aws_iam_role_policy_attachment",
        "aws_opensearch_domain",
    )  # a domain maps the role itself

    def role_or_policy(item: Item) -> list[str]:
        if item.kind == "aws_iam_role":
            return [] if platform.referrers(item, *givers) else ["may do nothing: no policy is attached"]
        return list(_grants(item))

    findings = judge(platform.all("aws_iam_role", *GRANTS), role_or_policy)

    assert not findings.broken, findings.table()


def _grants(item: Item) -> Iterator[str]:
    found = statements(item, GRANTS[item.kind])
    if item.knows(GRANTS[item.kind]) and not found:
        yield "has no statement"
    for position, one in enumerate(found):
        name = one.get("Sid") or position
        if not _states(one, "Action", "NotAction"):
            yield f"statement {name} names no action"
        if not _states(one, "Resource", "NotResource"):
            yield f"statement {name} names no resource"
        yield from _hollow(str(name), one.get("Condition"))


SESSIONS = Control(
    id="ZT-106",
    title="Every role MUST hand out sessions of one to four hours, and MUST NOT be torn from what still uses it",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
    remedy="Set max_session_duration between 3600 and 14400 and leave force_detach_policies off.",
    frameworks={"nist": "AC-12", "pci": "8.2.8", "hipaa": "164.312(a)(2)(iii)", "soc2": "CC6.1"},
    mutants=[
        edit("aws_iam_role", "module.primary_registry.*", {"max_session_duration": 43200}, says="12.0 h"),
        edit("aws_iam_role", "module.primary_registry.*", {"force_detach_policies": True}, says="detaches by force"),
    ],
)

#: AWS hands out no shorter maximum than an hour; four hours end with the shift of the person who asked.
SHORTEST_SESSION_S, LONGEST_SESSION_S = 3600, 14400


@checks(SESSIONS)
def test_sessions_are_short(platform: Platform) -> None:
    """A stolen session ends soon."""
    findings = judge(platform.all("aws_iam_role"), _session)

    assert not findings.broken, findings.table()


def _session(role: Item) -> Iterator[str]:
    seconds = role.number("max_session_duration")
    if seconds is None or not SHORTEST_SESSION_S <= seconds <= LONGEST_SESSION_S:
        yield f"sessions last {(seconds or 0) / 3600:.1f} h"
    if role.get("force_detach_policies"):
        yield "detaches by force"
