"""Who a pod is in its cloud, and what that may do."""

from __future__ import annotations

from collections.abc import Iterator

from meshproof.declaration.platform import Item, Platform
from meshproof.errors import ValueUnknown
from suites.policy.workloads import WORKLOADS

ASSOCIATION = "aws_eks_pod_identity_association"
GRANTS = (
    "google_project_iam_member",
    "google_pubsub_subscription_iam_member",
    "google_pubsub_topic_iam_member",
    "google_secret_manager_secret_iam_member",
)

#: Site, namespace and name of a service account.
Account = tuple[str, str, str]


def accounts_in_use(platform: Platform) -> set[Account]:
    """Declared accounts that pods run as; a chart makes the account of its release and runs as it."""
    declared = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}
    run = {account_of(one) for one in platform.all(*WORKLOADS)}
    charts = {(one.site, one.text("spec.targetNamespace"), one.name) for one in platform.all("HelmRelease")}
    return declared & run | charts


def account_of(workload: Item) -> Account:
    """The account that the pods of a workload run as."""
    return workload.site, workload.namespace, workload.text("spec.template.spec.serviceAccountName")


def subject_of(identity: Item) -> Account | None:
    """The account that an association or a grant is for, None where it is for something else."""
    if identity.kind == ASSOCIATION:
        return identity.site, identity.text("namespace"), identity.text("service_account")
    if not identity.knows("member"):
        return None
    _, found, subject = identity.text("member").partition("/subject/ns/")
    namespace, _, name = subject.partition("/sa/")
    return (identity.site, namespace, name) if found else None


def rights_of(platform: Platform, account: Account) -> Iterator[str]:
    """What the account may do: the policies of its role, as text, and its roles on Google."""
    for one in platform.all(ASSOCIATION):
        if subject_of(one) == account:
            for role in one.refers("role_arn", "aws_iam_role"):
                yield from (policy_text(policy) for policy in platform.referrers(role, "aws_iam_role_policy"))
    for grant in platform.all(*GRANTS):
        if subject_of(grant) == account and grant.knows("role"):
            yield grant.text("role")


def policy_text(policy: Item) -> str:
    """A policy's document, from its parts where a name in it is known only after apply."""
    try:
        return str(policy.get("policy"))
    except ValueUnknown:
        return " ".join(str(one.get("statement")) for one in policy.refers("policy", "aws_iam_policy_document"))
