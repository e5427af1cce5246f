"""EKS: the control plane, who may reach it, and what is installed with it."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import LOG_DAYS

_GUIDE = "https://docs.aws.amazon.com/eks/latest/best-practices"

#: The five logs of the control plane: what was asked, by whom, and what was decided.
LOG_TYPES = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})
#: Without one of these a node has no network, no names, no volumes or no identity.
ADDONS = frozenset({"vpc-cni", "kube-proxy", "coredns", "aws-ebs-csi-driver", "eks-pod-identity-agent"})
#: Add-ons that call AWS and therefore need a role of their own.
ADDONS_WITH_ROLE = frozenset({"vpc-cni", "aws-ebs-csi-driver"})

PRIVATE_ENDPOINT = Control(
    id="EKS-001",
    title="The Kubernetes API of every EKS cluster MUST answer only inside the VPC",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_GUIDE}/cluster-access-management.html",
    remedy="Set endpoint_public_access = false, endpoint_private_access = true and a security group of its own.",
    frameworks={"nist": "SC-7", "pci": "1.4.1", "cis": "EKS 5.4.2", "hipaa": "164.312(e)(1)", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_eks_cluster",
            "module.primary_cluster.*",
            {"vpc_config": [{"endpoint_public_access": True}]},
            says="answers on the internet",
        ),
        edit(
            "aws_eks_cluster",
            "module.primary_cluster.*",
            {"vpc_config": [{"endpoint_private_access": False}]},
            says="has no private endpoint",
        ),
    ],
)


@checks(PRIVATE_ENDPOINT)
def test_api_answers_only_inside_the_vpc(platform: Platform) -> None:
    """No EKS cluster is reachable from the internet, and each is from its VPC."""
    findings = judge(platform.all("aws_eks_cluster"), _only_inside)

    assert not findings.broken, findings.table()


def _only_inside(cluster: Item) -> list[str]:
    said = []
    if cluster.get("vpc_config.0.endpoint_public_access") is not False:
        said.append("answers on the internet")
    if cluster.get("vpc_config.0.endpoint_private_access") is not True:
        said.append("has no private endpoint")
    if not cluster.refers("vpc_config.0.security_group_ids", "aws_security_group"):
        said.append("has no security group of its own")
    return said


ENVELOPE = Control(
    id="EKS-002",
    title="Secrets in etcd MUST be sealed with a customer key that the control plane's role may use",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html",
    remedy="Declare encryption_config for secrets with a KMS key, and grant the cluster's role that key.",
    relates=("aws_eks_cluster", "aws_kms_key", "aws_iam_role_policy"),
    frameworks={"nist": "SC-28(1)", "pci": "3.6.1", "cis": "EKS 5.3.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_eks_cluster",
            "module.primary_cluster.*",
            {"encryption_config": [None]},
            says="seals its secrets with no key",
        ),
        remove("aws_iam_role_policy", "module.primary_cluster.aws_iam_role_policy.cluster_key", says="may not use"),
    ],
)


@checks(ENVELOPE)
def test_secrets_are_sealed_with_a_customer_key(platform: Platform) -> None:
    """Every EKS cluster encrypts its secrets with a key of ours, which its role is granted."""
    granted = {
        role.address
        for policy in platform.all("aws_iam_role_policy")
        if policy.sequence("policy.Statement") and _mentions(policy, "kms:")
        for role in policy.refers("role", "aws_iam_role")
    }
    keys = {key.address for key in platform.all("aws_kms_key", "aws_kms_replica_key")}

    def sealed(cluster: Item) -> list[str]:
        said = []
        sealing = {key.address for key in cluster.refers("encryption_config.0.provider.0.key_arn")}
        if not sealing & keys or "secrets" not in cluster.sequence("encryption_config.0.resources"):
            said.append("seals its secrets with no key of ours")
        roles = cluster.refers("role_arn", "aws_iam_role")
        said += [f"{role.address} may not use the key" for role in roles if role.address not in granted]
        return said if roles else [*said, "runs with no role of ours"]

    findings = judge(platform.all("aws_eks_cluster"), sealed)

    assert not findings.broken, findings.table()


def _mentions(policy: Item, action: str) -> bool:
    actions = [text for statement in policy.mappings("policy.Statement") for text in _texts(statement.get("Action"))]
    return any(text.startswith(action) for text in actions)


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else [str(value)]


CONTROL_PLANE_LOGS = Control(
    id="EKS-003",
    title="Every log of the control plane MUST be kept, encrypted, for as long as an audit looks back",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    remedy="Enable all five log types and declare /aws/eks/<name>/cluster with a key and a year's retention.",
    relates=("aws_eks_cluster", "aws_cloudwatch_log_group"),
    frameworks={"nist": "AU-11", "pci": "10.5.1", "cis": "EKS 2.1.1", "hipaa": "164.312(b)", "soc2": "CC7.2"},
    mutants=[
        edit(
            "aws_cloudwatch_log_group",
            "module.primary_cluster.*",
            {"retention_in_days": 30},
            says="keeps its log for 30 days",
        ),
        remove("aws_cloudwatch_log_group", "module.primary_cluster.*", says="has no log group"),
    ],
)


@checks(CONTROL_PLANE_LOGS)
def test_control_plane_logs_are_kept(platform: Platform) -> None:
    """Each EKS cluster writes all of its logs to a group that is encrypted and kept long enough."""
    groups = {group.text("name"): group for group in platform.all("aws_cloudwatch_log_group") if _named(group)}

    def logged(cluster: Item) -> list[str]:
        missing = LOG_TYPES - set(cluster.sequence("enabled_cluster_log_types"))
        said = [f"does not log {name}" for name in sorted(missing)]
        group = groups.get(f"/aws/eks/{cluster.text('name')}/cluster")
        return said + (_kept(group) if group else ["has no log group of ours, so its log is kept for ever in clear"])

    findings = judge(platform.all("aws_eks_cluster"), logged)

    assert not findings.broken, findings.table()


def _named(group: Item) -> bool:
    return group.has("name")


def _kept(group: Item) -> list[str]:
    said = []
    days = group.number("retention_in_days") or 0
    low, high = LOG_DAYS.of(group)
    if not low <= days <= high:
        said.append(f"{group.address} keeps its log for {days:.0f} days, not {low} to {high}")
    if not group.refers("kms_key_id"):
        said.append(f"{group.address} is encrypted with no key of ours")
    if group.get("skip_destroy"):
        said.append(f"{group.address} outlives its declaration")
    return said


ACCESS = Control(
    id="EKS-004",
    title="Who may use the Kubernetes API MUST be decided by access entries with one scoped policy each",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
    remedy="Use authentication_mode API, no creator's admin right, and one policy association for each entry.",
    relates=("aws_eks_cluster", "aws_eks_access_entry", "aws_eks_access_policy_association"),
    frameworks={"nist": "AC-6", "pci": "7.2.1", "cis": "EKS 4.1.1", "hipaa": "164.312(a)(1)", "soc2": "CC6.3"},
    mutants=[
        edit(
            "aws_eks_cluster",
            "module.primary_cluster.*",
            {"access_config": [{"bootstrap_cluster_creator_admin_permissions": True}]},
            says="whoever made it is its admin",
        ),
        remove("aws_eks_access_policy_association", '*main["auditors"]', says="no policy"),
        remove("aws_eks_access_entry", '*main["operators"]', says="no one to operate it"),
    ],
)


@checks(ACCESS)
def test_access_is_granted_by_scoped_entries(platform: Platform) -> None:
    """Each cluster trusts access entries only; it has operators and auditors, and each has one scoped policy."""
    entries = platform.all("aws_eks_access_entry")
    grants = platform.all("aws_eks_access_policy_association")

    def admitted(cluster: Item) -> list[str]:
        said = []
        if cluster.text("access_config.0.authentication_mode") != "API":
            said.append("still reads the aws-auth map")
        if cluster.get("access_config.0.bootstrap_cluster_creator_admin_permissions") is not False:
            said.append("whoever made it is its admin")
        ours = [entry for entry in entries if _of(entry, cluster)]
        policies = {entry.address: _policies(entry, grants) for entry in ours}
        said += [f"{address} has no policy" for address, names in policies.items() if len(names) != 1]
        names = {name for found in policies.values() for name in found}
        if not any(name.endswith("AdminPolicy") for name in names):
            said.append("has no one to operate it")
        if not any(name.endswith("ViewPolicy") for name in names):
            said.append("has no one to audit it")
        return said

    findings = judge(platform.all("aws_eks_cluster"), admitted)

    assert not findings.broken, findings.table()


def _of(thing: Item, cluster: Item) -> bool:
    return any(one.address == cluster.address for one in thing.refers("cluster_name", "aws_eks_cluster"))


def _policies(entry: Item, grants: list[Item]) -> list[str]:
    return [
        grant.text("policy_arn")
        for grant in grants
        if grant.text("principal_arn") == entry.text("principal_arn") and grant.text("access_scope.0.type")
    ]


ADDONS_PRESENT = Control(
    id="EKS-005",
    title="Network, names, volumes and pod identity of a cluster MUST be managed add-ons of its own version",
    system="eks",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html",
    remedy="Declare the five add-ons with pinned versions; kube-proxy's minor version is the cluster's.",
    relates=("aws_eks_cluster", "aws_eks_addon", "aws_iam_role"),
    frameworks={"nist": "CM-2", "pci": "6.3.3", "soc2": "CC8.1"},
    mutants=[
        remove("aws_eks_addon", "*addon.coredns", says="lacks the add-on coredns"),
        edit("aws_eks_addon", '*agent["kube-proxy"]', {"addon_version": "v1.29.1-eksbuild.2"}, says="v1.29.1"),
        edit("aws_eks_addon", "*addon.volume", {"pod_identity_association": [None]}, says="no role of its own"),
    ],
)


@checks(ADDONS_PRESENT)
def test_addons_are_managed_and_match_the_cluster(platform: Platform) -> None:
    """Each cluster has its five add-ons, in versions that fit, with roles where they call AWS."""
    addons = platform.all("aws_eks_addon")

    def equipped(cluster: Item) -> list[str]:
        ours = {addon.text("addon_name"): addon for addon in addons if _of(addon, cluster)}
        said = [f"lacks the add-on {name}" for name in sorted(ADDONS - set(ours))]
        if cluster.get("bootstrap_self_managed_addons") is not False:
            said.append("also installs the add-ons that nobody manages")
        for name, addon in ours.items():
            version = addon.text("addon_version")
            if name == "kube-proxy" and not version.startswith(f"v{cluster.text('version')}."):
                said.append(f"{name} {version} is not of version {cluster.text('version')}")
            if name in ADDONS_WITH_ROLE and not addon.refers("pod_identity_association", "aws_iam_role"):
                said.append(f"{name} has no role of its own")
            if name in ADDONS_WITH_ROLE and not addon.sequence("pod_identity_association"):
                said.append(f"{name} has no role of its own")
            if addon.text("resolve_conflicts_on_update") != "OVERWRITE":
                said.append(f"{name} keeps what was changed by hand")
        return said

    findings = judge(platform.all("aws_eks_cluster"), equipped)

    assert not findings.broken, findings.table()
