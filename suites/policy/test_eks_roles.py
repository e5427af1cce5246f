"""EKS: the roles that the cluster, its nodes and its add-ons assume."""

import re
from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

#: IAM's shortest session, and half a working day.
SESSION_S = (3600, 14400)
#: Who names no account in its trust: an instance can only be of the role's own account.
WITHOUT_ACCOUNT = frozenset({"ec2.amazonaws.com"})
_ACCOUNT = re.compile(r"\d{12}")

TRUST = Control(
    id="EKS-010",
    title="Roles of a cluster MUST be assumed by one AWS service, on behalf of this account, for a short while",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
    remedy="Trust one service principal with aws:SourceAccount, and keep max_session_duration within four hours.",
    relates=("aws_eks_cluster", "aws_eks_node_group", "aws_eks_addon", "aws_iam_role"),
    frameworks={"nist": "AC-6", "pci": "7.2.5", "cis": "EKS 4.1.3", "soc2": "CC6.3"},
    mutants=[
        edit(
            "aws_iam_role",
            "module.primary_cluster.aws_iam_role.cluster",
            {"assume_role_policy": {"Statement": [{"Condition": None}]}},
            says="for any account",
        ),
        edit("aws_iam_role", "module.primary_cluster.*.volume", {"max_session_duration": 43200}, says="43200 s"),
    ],
)


@checks(TRUST)
def test_roles_trust_one_service_of_this_account(platform: Platform) -> None:
    """Each role of a cluster names the service that assumes it and the account it acts for."""
    findings = judge(_roles_of_clusters(platform), _trusting)

    assert not findings.broken, findings.table()


def _roles_of_clusters(platform: Platform) -> list[Item]:
    users = [(one, "role_arn") for one in platform.all("aws_eks_cluster")]
    users += [(one, "node_role_arn") for one in platform.all("aws_eks_node_group")]
    users += [(one, "pod_identity_association") for one in platform.all("aws_eks_addon")]
    found = {role.address: role for one, path in users for role in one.refers(path, "aws_iam_role")}
    return list(found.values())


def _trusting(role: Item) -> list[str]:
    said = []
    statements = role.mappings("assume_role_policy.Statement")
    if len(statements) != 1:
        said.append(f"has {len(statements)} statements of trust")
    for position, statement in enumerate(statements):
        at = ("assume_role_policy", "Statement", str(position))
        principal = statement.get("Principal")
        named = principal.get("Service", "") if isinstance(principal, Mapping) else ""
        service = str(named[0] if isinstance(named, (list, tuple)) and len(named) == 1 else named)
        if not service.endswith(".amazonaws.com"):
            said.append("is assumed by no AWS service")
        elif service not in WITHOUT_ACCOUNT:
            accounts = role.sequence((*at, "Condition", "StringEquals", "aws:SourceAccount"))
            if not accounts or not all(_ACCOUNT.fullmatch(str(one)) for one in accounts):
                said.append(f"is assumed by {service} for any account")
        if service.startswith("pods.") and not role.has((*at, "Condition", "ArnEquals", "aws:SourceArn")):
            said.append("is assumed by pods of any cluster")
    seconds = role.number("max_session_duration") or 0
    if not SESSION_S[0] <= seconds <= SESSION_S[1]:
        said.append(f"holds its credentials for {seconds:.0f} s, not {SESSION_S[0]} to {SESSION_S[1]}")
    if role.get("force_detach_policies"):
        said.append("drops a policy that somebody else attached, without a word")
    return said


GRANTS = Control(
    id="EKS-011",
    title="Each role of a cluster MUST hold AWS's policies for its part, and no one else's",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/security-iam-awsmanpol.html",
    remedy="Attach AmazonEKSClusterPolicy, the worker and pull-only policies, and the add-on's own policy.",
    relates=("aws_iam_role", "aws_iam_role_policy_attachment", "aws_iam_role_policy"),
    frameworks={"nist": "AC-6(1)", "pci": "7.2.2", "cis": "EKS 5.1.3", "soc2": "CC6.3"},
    mutants=[
        remove("aws_iam_role_policy_attachment", "*attachment.network", says="AmazonEKS_CNI_Policy"),
        edit(
            "aws_iam_role_policy_attachment",
            '*node["AmazonEC2ContainerRegistryPullOnly"]',
            {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            says="AdministratorAccess",
        ),
        edit(
            "aws_iam_role_policy",
            "module.primary_cluster.*volume_key",
            {"policy": {"Statement": [{}, {"Condition": None}]}},
            says="grants on keys for anything",
        ),
    ],
)

#: What AWS says each part needs: https://docs.aws.amazon.com/eks/latest/userguide/security-iam-awsmanpol.html
PARTS = {
    "cluster": {"AmazonEKSClusterPolicy"},
    "node": {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"},
    "vpc-cni": {"AmazonEKS_CNI_Policy"},
    "aws-ebs-csi-driver": {"AmazonEBSCSIDriverPolicy"},
}


@checks(GRANTS)
def test_roles_hold_the_policies_of_their_part(platform: Platform) -> None:
    """The control plane, the nodes and each add-on that calls AWS hold exactly the managed policies they need."""
    parts = {role.address for role in _roles_of_clusters(platform)}
    attached: dict[str, set[str]] = {}
    for one in platform.all("aws_iam_role_policy_attachment"):
        for role in (found for found in one.refers("role", "aws_iam_role") if found.address in parts):
            attached.setdefault(role.address, set()).add(one.text("policy_arn").rpartition("/")[2])
    inline: dict[str, list[Item]] = {}
    for one in platform.all("aws_iam_role_policy"):
        for role in one.refers("role", "aws_iam_role"):
            inline.setdefault(role.address, []).append(one)

    def granted(user: Item) -> list[str]:
        part, path = _part(user)
        said = []
        for role in user.refers(path, "aws_iam_role"):
            held = attached.get(role.address, set())
            said += [f"{role.address} lacks {name}" for name in sorted(PARTS[part] - held)]
            said += [f"{role.address} also holds {name}" for name in sorted(held - PARTS[part])]
            said += [f"{one.address} {text}" for one in inline.get(role.address, []) for text in _narrow(one, part)]
            if part == "aws-ebs-csi-driver" and not inline.get(role.address):
                said.append(f"{role.address} may not use the key of the volumes")
        return said

    users = platform.all("aws_eks_cluster", "aws_eks_node_group")
    users += [one for one in platform.all("aws_eks_addon") if one.text("addon_name") in PARTS]
    findings = judge(users, granted)

    assert not findings.broken, findings.table()


def _part(user: Item) -> tuple[str, str]:
    if user.kind == "aws_eks_cluster":
        return "cluster", "role_arn"
    if user.kind == "aws_eks_node_group":
        return "node", "node_role_arn"
    return user.text("addon_name"), "pod_identity_association"


def _narrow(policy: Item, part: str) -> list[str]:
    statements = policy.mappings("policy.Statement")
    said = [] if statements else ["grants nothing"]
    granting = False
    encrypting = False
    for position, statement in enumerate(statements):
        actions = statement.get("Action")
        names = {str(one) for one in (actions if isinstance(actions, (list, tuple)) else [actions])}
        encrypting |= "kms:Decrypt" in names
        if "kms:CreateGrant" in names and part != "cluster":
            granting = True
            at = ("policy", "Statement", str(position), "Condition", "Bool", "kms:GrantIsForAWSResource")
            if [str(one).lower() for one in policy.sequence(at)] != ["true"]:
                said.append("gives grants on keys for anything")
        if any(name == "*" or name.endswith(":*") for name in names):
            said.append("grants whole services")
    if not encrypting or (part == "aws-ebs-csi-driver" and not granting):
        said.append("cannot open what the key has sealed")
    return said
