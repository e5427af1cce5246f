"""GKE Autopilot: the standby's cluster."""

import ipaddress
from datetime import datetime, timedelta

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import GUARDED, due

_HARDENING = "https://cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster"

#: Switches of a cluster, and why each stands as it does.
SWITCHES = {
    "enable_autopilot": (True, "runs nodes that somebody must patch"),
    "deletion_protection": (GUARDED, "may be deleted by a plan"),
    "private_cluster_config.0.enable_private_nodes": (True, "gives its nodes public addresses"),
    "private_cluster_config.0.enable_private_endpoint": (True, "answers on the internet"),
    "private_cluster_config.0.master_global_access_config.0.enabled": (False, "answers every region"),
    "control_plane_endpoints_config.0.dns_endpoint_config.0.allow_external_traffic": (False, "answers by DNS to all"),
    "control_plane_endpoints_config.0.ip_endpoints_config.0.enabled": (True, "has no private address"),
    "master_authorized_networks_config.0.gcp_public_cidrs_access_enabled": (False, "admits Google's public ranges"),
    "master_authorized_networks_config.0.private_endpoint_enforcement_enabled": (True, "admits the VPC as a whole"),
    "master_auth.0.client_certificate_config.0.issue_client_certificate": (False, "issues certificates for ever"),
    "rbac_binding_config.0.enable_insecure_binding_system_authenticated": (False, "binds rights to any Google account"),
    "rbac_binding_config.0.enable_insecure_binding_system_unauthenticated": (False, "binds rights to anybody"),
}
#: The same where the value is a word.
WORDS = {
    "anonymous_authentication_config.0.mode": ("LIMITED", "answers strangers beyond its health"),
    "node_pool_auto_config.0.node_kubelet_config.0.insecure_kubelet_readonly_port_enabled": (
        "FALSE",
        "opens port 10255",
    ),
    "gateway_api_config.0.channel": ("CHANNEL_DISABLED", "has a second way in beside the mesh"),
    "security_posture_config.0.mode": ("BASIC", "is not watched for misconfiguration"),
}
#: A freeze that lasts longer than this keeps known holes open (Google allows 90 days for minor upgrades).
FREEZE_DAYS = 60
#: A window shorter than four hours is one in which GKE may not start: 48 h in any 32 days are required.
WINDOW_H, WINDOWS_A_WEEK = 4, 3

PRIVATE = Control(
    id="GKE-001",
    title="A GKE cluster MUST be Autopilot, private and shut to whoever proves no identity",
    system="gke",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=_HARDENING,
    remedy="Set the switch that the finding names; each stands in the cluster's module.",
    frameworks={"nist": "SC-7", "pci": "1.4.1", "cis": "GKE 5.6.4", "hipaa": "164.312(e)(1)", "soc2": "CC6.6"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"private_cluster_config": [{"enable_private_endpoint": False}]},
            says="answers on the internet",
        ),
        edit("google_container_cluster", "module.standby_cluster.*", {"enable_autopilot": False}, says="must patch"),
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"anonymous_authentication_config": [None]},
            says="answers strangers",
        ),
    ],
)


@checks(PRIVATE)
def test_cluster_is_private(platform: Platform) -> None:
    """Each switch that opens a GKE cluster to strangers is off, and each that shuts it is on."""
    findings = judge(platform.all("google_container_cluster"), _shut)

    assert not findings.broken, findings.table()


def _shut(cluster: Item) -> list[str]:
    said = [text for path, (wanted, text) in SWITCHES.items() if cluster.get(path) is not due(wanted, cluster)]
    said += [text for path, (wanted, text) in WORDS.items() if cluster.text(path) != wanted]
    if not cluster.text("authenticator_groups_config.0.security_group").startswith("gke-security-groups@"):
        said.append("binds rights to single accounts, not to groups")
    return said


AUTHORIZED = Control(
    id="GKE-002",
    title="The Kubernetes API of the standby MUST answer the clusters' own networks in both clouds, and no others",
    system="gke",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks",
    remedy="Authorise the VPC that holds the EKS cluster and the network of the GKE cluster, nothing wider.",
    relates=("google_container_cluster", "google_compute_subnetwork", "aws_vpc", "aws_eks_cluster"),
    frameworks={"nist": "AC-4", "pci": "1.3.1", "cis": "GKE 5.6.3", "soc2": "CC6.6"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"master_authorized_networks_config": [{"cidr_blocks": [{"cidr_block": "0.0.0.0/0"}]}]},
            says="0.0.0.0/0",
        ),
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"master_authorized_networks_config": [{"cidr_blocks": [{}, None]}]},
            says="is not admitted",
        ),
    ],
)


@checks(AUTHORIZED)
def test_api_answers_both_clouds_networks_only(platform: Platform) -> None:
    """Who may call the standby's API is the primary's cluster network and the standby's own."""
    far = {
        vpc.text("cidr_block")
        for cluster in platform.all("aws_eks_cluster")
        for subnet in cluster.refers("vpc_config.0.subnet_ids", "aws_subnet")
        for vpc in subnet.refers("vpc_id", "aws_vpc")
    }

    def admits(cluster: Item) -> list[str]:
        near = {one.text("ip_cidr_range") for one in cluster.refers("subnetwork", "google_compute_subnetwork")}
        near |= {one.text("ip_cidr_range") for one in cluster.refers("private_cluster_config")}
        path = "master_authorized_networks_config.0.cidr_blocks"
        admitted = [str(block.get("cidr_block")) for block in cluster.mappings(path)]
        known = [ipaddress.ip_network(one) for one in far | near]
        said = [
            f"{one} is not admitted" for one in sorted(far | near) if not any(_within(one, block) for block in admitted)
        ]
        for block in admitted:
            inside = [one for one in known if _within(str(one), block)]
            if not inside or ipaddress.ip_network(block).prefixlen < NETWORK_BITS:
                said.append(f"admits {block}, which is no network of a cluster")
        return said

    findings = judge(platform.all("google_container_cluster"), admits)

    assert not findings.broken, findings.table()


#: A site's network is a /16; a wider range holds what is not ours.
NETWORK_BITS = 16


def _within(inner: str, outer: str) -> bool:
    return ipaddress.IPv4Network(inner).subnet_of(ipaddress.IPv4Network(outer))


SEALED = Control(
    id="GKE-003",
    title="Secrets and node disks of a GKE cluster MUST be sealed with customer keys",
    system="gke",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets",
    remedy="Set database_encryption to ENCRYPTED with a key, and boot_disk_kms_key for the nodes.",
    relates=("google_container_cluster", "google_kms_crypto_key"),
    frameworks={"nist": "SC-28(1)", "pci": "3.6.1", "cis": "GKE 5.3.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"database_encryption": [{"state": "DECRYPTED"}]},
            says="its secrets in clear",
        ),
        edit("google_container_cluster", "module.standby_cluster.*", {"cluster_autoscaling": [None]}, says="its disks"),
    ],
)


@checks(SEALED)
def test_secrets_and_disks_are_sealed(platform: Platform) -> None:
    """Each GKE cluster seals its secrets and its nodes' disks with a key of ours."""
    findings = judge(platform.all("google_container_cluster"), _sealed)

    assert not findings.broken, findings.table()


def _sealed(cluster: Item) -> list[str]:
    said = []
    key = cluster.refers("database_encryption.0.key_name", "google_kms_crypto_key")
    if cluster.text("database_encryption.0.state") != "ENCRYPTED" or not key:
        said.append("keeps its secrets in clear")
    defaults = "cluster_autoscaling.0.auto_provisioning_defaults"
    if not cluster.mappings(defaults) or not cluster.refers(f"{defaults}.0.boot_disk_kms_key", "google_kms_crypto_key"):
        said.append("seals its disks with no key of ours")
    return said


UPGRADES = Control(
    id="GKE-004",
    title="Both sites' clusters MUST follow standard support, and upgrades MUST have hours of their own",
    system="gke",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/maintenance-windows-and-exclusions",
    remedy="Use a release channel other than EXTENDED, a weekly window, a bounded freeze; STANDARD on EKS.",
    relates=("google_container_cluster", "aws_eks_cluster"),
    frameworks={"nist": "SI-2", "pci": "6.3.3", "cis": "GKE 5.5.4", "soc2": "CC7.1"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"release_channel": [{"channel": "EXTENDED"}]},
            says="EXTENDED",
        ),
        edit(
            "aws_eks_cluster",
            "module.primary_cluster.*",
            {"upgrade_policy": [{"support_type": "EXTENDED"}]},
            says="stays behind",
        ),
        edit("google_container_cluster", "module.standby_cluster.*", {"maintenance_policy": [None]}, says="any hour"),
    ],
)


@checks(UPGRADES)
def test_clusters_follow_standard_support(platform: Platform) -> None:
    """EKS and GKE are on standard support alike; GKE upgrades in a window and is frozen for a while at most."""
    findings = judge(platform.all("aws_eks_cluster", "google_container_cluster"), _supported)

    assert not findings.broken, findings.table()


def _supported(cluster: Item) -> list[str]:
    if cluster.kind == "aws_eks_cluster":
        said = [] if cluster.text("upgrade_policy.0.support_type") == "STANDARD" else ["stays behind, for a price"]
        if cluster.get("zonal_shift_config.0.enabled") is not True:
            said.append("cannot leave a zone that is failing")
        return said
    said = []
    if (channel := cluster.text("release_channel.0.channel")) not in ("RAPID", "REGULAR", "STABLE"):
        said.append(f"follows the channel {channel or 'of nobody'}")
    return said + _window(cluster) + _freeze(cluster)


def _window(cluster: Item) -> list[str]:
    at = "maintenance_policy.0.recurring_window.0"
    start, end = cluster.text(f"{at}.start_time"), cluster.text(f"{at}.end_time")
    if not start or not end:
        return ["is upgraded at any hour"]
    hours = (_time(end) - _time(start)) / timedelta(hours=1)
    days = cluster.text(f"{at}.recurrence").partition("BYDAY=")[2].split(",")
    if hours < WINDOW_H or len(days) < WINDOWS_A_WEEK:
        return [f"has {hours:.0f} h on {len(days)} days a week for its upgrades"]
    return []


def _freeze(cluster: Item) -> list[str]:
    said = []
    at = "maintenance_policy.0.maintenance_exclusion"
    for position, one in enumerate(cluster.mappings(at)):
        days = (_time(str(one.get("end_time"))) - _time(str(one.get("start_time")))) / timedelta(days=1)
        if not 0 < days <= FREEZE_DAYS:
            said.append(f"is frozen for {days:.0f} days")
        if "UPGRADES" not in cluster.text(f"{at}.{position}.exclusion_options.0.scope"):
            said.append("is frozen against patches too")
    return said if cluster.mappings(at) else [*said, "may change in the season that pays for the rest"]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
