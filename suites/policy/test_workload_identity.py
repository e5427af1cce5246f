"""Identities of pods in their cloud: whose they are, and that whoever needs one has it."""

from collections import Counter
from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.identities import (
    ASSOCIATION,
    GRANTS,
    Account,
    account_of,
    accounts_in_use,
    rights_of,
    subject_of,
)
from suites.policy.workloads import WORKLOADS, containers

OWNED = Control(
    id="ZT-207",
    title="Every identity for pods MUST belong to one service account that pods of its site run as, of that site's cluster",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
    remedy="Name an account that a workload runs as, once; take the pool from the cluster; remove what nobody uses.",
    relates=(
        "aws_eks_pod_identity_association",
        "google_project_iam_member",
        "google_container_cluster",
        "ServiceAccount",
    ),
    frameworks={"nist": "AC-6", "cis": "EKS 5.2.1", "pci": "7.2.5", "soc2": "CC6.3"},
    mutants=[
        edit(ASSOCIATION, '*["shop/orders"]', {"service_account": "ordres"}, says="nobody runs as shop/ordres"),
        edit(ASSOCIATION, '*["shop/orders"]', {"service_account": "payments"}, says="2 identities"),
        remove("ServiceAccount", "standby:shop/payments", says="nobody runs as shop/payments"),
        edit(
            "google_container_cluster",
            "*",
            {"project": "another"},
            says="is of a pool that no cluster of standby has",
        ),
    ],
)


@checks(OWNED)
def test_identities_have_one_owner(platform: Platform) -> None:
    """No right waits for an account that somebody else could create."""
    used = accounts_in_use(platform)
    held = Counter(subject_of(one) for one in platform.all(ASSOCIATION))
    # The one pool of a project's clusters is named after it.
    pools = {(one.site, f"{one.text('project')}.svc.id.goog") for one in platform.all("google_container_cluster")}
    identities = [one for one in platform.all(ASSOCIATION, *GRANTS) if subject_of(one)]

    def owned(identity: Item) -> Iterator[str]:
        site, namespace, name = account = subject_of(identity) or ("", "", "")
        if account not in used:
            yield f"nobody runs as {namespace}/{name} at {site}"
        if held[account] > 1:
            yield f"{namespace}/{name} has {held[account]} identities, and which one counts is chance"
        if identity.kind in GRANTS and not any(
            at == site and f"/workloadIdentityPools/{pool}/" in identity.text("member") for at, pool in pools
        ):
            yield f"is of a pool that no cluster of {site} has"

    findings = judge(identities, owned)

    assert not findings.broken, findings.table()


NEEDED = Control(
    id="ZT-208",
    title="Every pod whose settings speak to a cloud MUST run as an account that may do there what they say",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity",
    remedy="Give the account its own identity with the right that the finding names, in the unit workload-identity.",
    relates=("Deployment", "ConfigMap", "aws_eks_pod_identity_association", "google_project_iam_member"),
    frameworks={"nist": "AC-6", "soc2": "CC6.3"},
    mutants=[
        remove(ASSOCIATION, '*["monitoring/sampler"]', says="xray:PutTraceSegments", name="without-sampler"),
        remove(
            ASSOCIATION, '*["monitoring/cloudwatch-exporter"]', says="cloudwatch:GetMetricData", name="without-exporter"
        ),
        remove("google_project_iam_member", "*cloudtrace.agent*", says="roles/cloudtrace.agent"),
        edit(
            "Deployment",
            "primary:monitoring/observer",
            {"spec": {"template": {"spec": {"serviceAccountName": "prober"}}}},
            says="kafka-cluster:Connect",
        ),
    ],
)

#: Words in settings that make a program call its cloud, and the right without which the call is refused.
CALLS = {
    "awsxray:": "xray:PutTraceSegments",
    "aws_msk": "kafka-cluster:Connect",
    "type: AWS/": "cloudwatch:GetMetricData",
    "googlecloud:": "roles/cloudtrace.agent",
}


@checks(NEEDED)
def test_callers_of_a_cloud_have_an_identity(platform: Platform) -> None:
    """Nothing starts, and is then refused by its cloud."""
    maps = {(one.site, one.namespace, one.name): one for one in platform.all("ConfigMap")}
    needs = {one.address: sorted(_needs(one, maps)) for one in platform.all(*WORKLOADS)}
    calling = [one for one in platform.all(*WORKLOADS) if needs[one.address]]

    def allowed(workload: Item) -> list[str]:
        rights = " ".join(rights_of(platform, account_of(workload)))
        return [
            f"runs as {account_of(workload)[2]}, which lacks {one}"
            for one in needs[workload.address]
            if one not in rights
        ]

    findings = judge(calling, allowed)

    assert not findings.broken, findings.table()


def _needs(workload: Item, maps: dict[Account, Item]) -> set[str]:
    """The rights that the mounted settings call for: those files that the command names, or all where it names none."""
    words = str([(one.get("args"), one.get("command")) for _, one in containers(workload)])
    needed = set[str]()
    for volume in workload.mappings("spec.template.spec.volumes"):
        name = str((volume.get("configMap") or {}).get("name"))
        files = found.mapping("data") if (found := maps.get((workload.site, workload.namespace, name))) else {}
        read = {file: text for file, text in files.items() if file in words} or files
        needed |= {right for word, right in CALLS.items() for text in read.values() if word in str(text)}
    return needed


TRUSTED = Control(
    id="ZT-209",
    title="The role of pods MUST trust the service of pod identities alone, for one account, cluster and service account",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
    remedy="Condition the trust on aws:SourceAccount, aws:SourceArn and both request tags of the association.",
    relates=("aws_eks_pod_identity_association", "aws_iam_role", "aws_eks_cluster"),
    frameworks={"nist": "AC-6", "pci": "7.2.5", "soc2": "CC6.3"},
    mutants=[
        edit(
            "aws_iam_role",
            'module.primary_workload_identity.*["shop/orders"]',
            {"assume_role_policy": {"Statement": [{"Condition": {"StringEquals": None}}]}},
            says="does not ask for the account shop/orders",
        ),
        edit(
            "aws_iam_role",
            'module.primary_workload_identity.*["shop/orders"]',
            {"assume_role_policy": {"Statement": [{"Condition": {"ArnEquals": None}}]}},
            says="trusts any cluster",
        ),
    ],
)

POD_IDENTITIES = "pods.eks.amazonaws.com"


@checks(TRUSTED)
def test_roles_of_pods_trust_their_pods_alone(platform: Platform) -> None:
    """An association made by mistake for somebody else gives nothing."""
    findings = judge(platform.all(ASSOCIATION), _trusted)

    assert not findings.broken, findings.table()


def _trusted(association: Item) -> Iterator[str]:
    roles = association.refers("role_arn", "aws_iam_role")
    if not roles or not association.refers("cluster_name", "aws_eks_cluster"):
        yield "leads to no declared role, or from no declared cluster"
    wanted = tuple(association.text(key) for key in ("namespace", "service_account"))
    for role in roles:
        statements = role.sequence("assume_role_policy.Statement")
        if len(statements) != 1 or role.sequence("assume_role_policy.Statement.0.Principal.Service") != [
            POD_IDENTITIES
        ]:
            yield f"{role.address} trusts more than the service of pod identities"
        equal = ("assume_role_policy", "Statement", "0", "Condition", "StringEquals")
        asked = tuple(
            "".join(map(str, role.sequence((*equal, f"aws:RequestTag/kubernetes-{key}"))))
            for key in ("namespace", "service-account")
        )
        if asked != wanted:
            yield f"{role.address} does not ask for the account {'/'.join(wanted)}"
        if not role.has((*equal, "aws:SourceAccount")):
            yield f"{role.address} trusts any account"
        if not role.has((*equal[:-1], "ArnEquals", "aws:SourceArn")):
            yield f"{role.address} trusts any cluster"
