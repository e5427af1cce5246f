"""EKS: the node groups, their disks, their roles and the settings of the add-ons."""

import json
from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

_GUIDE = "https://docs.aws.amazon.com/eks/latest/best-practices"

#: A zone may be lost and a majority of zones is left.
ZONES = 3
#: How far a runaway autoscaler may multiply the bill of the steady nodes.
BURST = 5
#: Instance types of a spot group: one pool that runs dry must not empty the group.
SPOT_TYPES = 3
#: A rollout takes at most ten waves, and never more than a zone's share at once.
WAVE_PERCENT = (10, 34)
#: gp3, IOPS and MiB/s: what it gives at least and at most.
GP3_IOPS, GP3_THROUGHPUT = (3000, 16000), (125, 1000)
#: GiB of the image's own disk, and of the disk that holds container images and logs.
ROOT_GB, DATA_GB = (2, 20), (50, 500)
#: IAM's shortest session, and half a working day.
SESSION_S = (3600, 14400)

SPREAD = Control(
    id="EKS-020",
    title="Every node group MUST span three zones, follow its cluster's version and refuse no repair",
    system="eks",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_GUIDE}/reliability.html",
    remedy="Give the group private subnets of three zones, the cluster's version and node_repair_config.enabled.",
    relates=("aws_eks_node_group", "aws_subnet", "aws_eks_cluster", "aws_launch_template"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_eks_node_group",
            '*main["baseline"]',
            {"node_repair_config": [{"enabled": False}]},
            says="a broken node stays",
        ),
        edit("aws_eks_node_group", '*main["elastic"]', {"version": "1.29"}, says="version 1.29"),
        remove("aws_subnet", '*aws_subnet.private["eu-west-1c"]', says="spans 2 zones"),
    ],
)


@checks(SPREAD)
def test_node_groups_span_zones(platform: Platform) -> None:
    """Each node group has subnets in three zones, a template of ours and the version of its cluster."""
    findings = judge(platform.all("aws_eks_node_group"), _spread)

    assert not findings.broken, findings.table()


def _spread(group: Item) -> list[str]:
    said = []
    zones = {subnet.text("availability_zone") for subnet in group.refers("subnet_ids", "aws_subnet")}
    if len(zones) < ZONES:
        said.append(f"spans {len(zones)} zones: {', '.join(sorted(zones))}")
    said += [
        f"runs version {group.text('version')} under a control plane of {cluster.text('version')}"
        for cluster in group.refers("cluster_name", "aws_eks_cluster")
        if group.text("version") != cluster.text("version")
    ]
    if group.get("node_repair_config.0.enabled") is not True:
        said.append("a broken node stays in it")
    if not group.refers("launch_template.0.id", "aws_launch_template"):
        said.append("starts from no launch template of ours")
    return said


CAPACITY = Control(
    id="EKS-021",
    title="Steady nodes MUST carry the platform on demand; spot nodes MUST be tainted, varied and bounded by them",
    system="eks",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=f"{_GUIDE}/cost-opt-compute.html",
    remedy="Declare an ON_DEMAND group of a node for each zone and a tainted SPOT group of several types.",
    relates=("aws_eks_cluster", "aws_eks_node_group"),
    frameworks={"nist": "CP-2(2)", "soc2": "A1.1"},
    mutants=[
        edit(
            "aws_eks_node_group",
            '*main["baseline"]',
            {"scaling_config": [{"min_size": 1}]},
            says="keeps 1 steady nodes",
        ),
        edit("aws_eks_node_group", '*main["elastic"]', {"taint": [None]}, says="has no taint"),
        edit("aws_eks_node_group", '*main["elastic"]', {"scaling_config": [{"max_size": 300}]}, says="may grow to 300"),
    ],
)


@checks(CAPACITY)
def test_capacity_is_steady_and_bounded(platform: Platform) -> None:
    """Each cluster has on-demand nodes in every zone, and spot nodes that only those who tolerate it use."""
    groups = platform.all("aws_eks_node_group")

    def provided(cluster: Item) -> list[str]:
        ours = [one for one in groups if one.refers("cluster_name", "aws_eks_cluster") and _in(one, cluster)]
        steady = sum(_size(one, "min_size") for one in ours if one.text("capacity_type") == "ON_DEMAND")
        said = [] if any(one.text("capacity_type") == "SPOT" for one in ours) else ["has no spot nodes"]
        if steady < ZONES:
            said.append(f"keeps {steady:.0f} steady nodes for {ZONES} zones")
        return said + [f"{one.address} {text}" for one in ours for text in _sized(one, steady)]

    findings = judge(platform.all("aws_eks_cluster"), provided)

    assert not findings.broken, findings.table()


def _in(group: Item, cluster: Item) -> bool:
    return any(one.address == cluster.address for one in group.refers("cluster_name", "aws_eks_cluster"))


def _size(group: Item, name: str) -> float:
    number = group.number(f"scaling_config.0.{name}")
    return -1 if number is None else number


def _sized(group: Item, steady: float) -> list[str]:
    least, wanted, most = (_size(group, name) for name in ("min_size", "desired_size", "max_size"))
    said = []
    if not 0 <= least == wanted < most:
        said.append(f"starts with {wanted:.0f} of {least:.0f} to {most:.0f}; above the least the autoscaler decides")
    if most > BURST * max(steady, 1):
        said.append(f"may grow to {most:.0f} nodes over {steady:.0f} steady ones")
    if group.text("capacity_type") == "SPOT":
        if len(group.sequence("instance_types")) < SPOT_TYPES:
            said.append("draws on too few spot pools")
        if not any(taint.get("effect") == "NO_SCHEDULE" for taint in group.mappings("taint")):
            said.append("has no taint, so that anything may land on nodes that vanish")
    elif group.mappings("taint"):
        said.append("is tainted, so that the platform has no place")
    share = group.number("update_config.0.max_unavailable_percentage") or 0
    if not WAVE_PERCENT[0] <= share <= WAVE_PERCENT[1]:
        said.append(f"replaces {share:.0f} % of its nodes at once, not {WAVE_PERCENT[0]} to {WAVE_PERCENT[1]}")
    return said


TEMPLATES = Control(
    id="EKS-022",
    title="Every node MUST hide its instance credentials from pods, be watched and carry its owner's tags",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_GUIDE}/identity-and-access-management.html",
    remedy="Require IMDSv2 with a hop limit of 1, detailed monitoring, and tags on instances and volumes.",
    relates=("aws_launch_template", "aws_eks_node_group"),
    frameworks={"nist": "AC-3", "pci": "2.2.1", "cis": "EKS 5.1.2", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_launch_template",
            '*main["elastic"]',
            {"metadata_options": [{"http_tokens": "optional"}]},
            says="IMDSv1",
        ),
        edit(
            "aws_launch_template",
            '*main["baseline"]',
            {"metadata_options": [{"http_put_response_hop_limit": 2}]},
            says="2 hops away",
        ),
        edit(
            "aws_launch_template", '*main["baseline"]', {"tag_specifications": [{}, None]}, says="no tags on a volume"
        ),
    ],
)


@checks(TEMPLATES)
def test_nodes_are_hardened(platform: Platform) -> None:
    """Each launch template is in use, speaks IMDSv2 to the node only, is monitored and tags what it makes."""
    used = {one.address for group in platform.all("aws_eks_node_group") for one in group.refers("launch_template")}

    def hardened(template: Item) -> list[str]:
        said = [] if template.address in used else ["no node group uses it"]
        if template.text("metadata_options.0.http_tokens") != "required":
            said.append("answers IMDSv1")
        if (hops := template.number("metadata_options.0.http_put_response_hop_limit")) != 1:
            said.append(f"gives credentials to what is {hops or 0:.0f} hops away")
        if template.get("monitoring.0.enabled") is not True:
            said.append("is measured every five minutes only")
        if template.get("update_default_version") is not True:
            said.append("keeps starting its first version")
        tagged = {one.get("resource_type"): one.get("tags") for one in template.mappings("tag_specifications")}
        return said + [f"puts no tags on a {kind}" for kind in ("instance", "volume") if not tagged.get(kind)]

    findings = judge(platform.all("aws_launch_template"), hardened)

    assert not findings.broken, findings.table()


DISKS = Control(
    id="EKS-023",
    title="Every disk of a node MUST be sealed with a customer key, sized for its use and gone with the node",
    system="eks",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
    remedy="Give each block device encrypted = true, kms_key_id, delete_on_termination and a size within bounds.",
    relates=("aws_launch_template", "aws_kms_key"),
    frameworks={"nist": "SC-28", "pci": "3.5.1", "cis": "AWS 5.1.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_launch_template",
            '*main["baseline"]',
            {"block_device_mappings": [{}, {"ebs": [{"encrypted": "false"}]}]},
            says="/dev/xvdb is in clear",
        ),
        edit(
            "aws_launch_template",
            '*main["elastic"]',
            {"block_device_mappings": [{}, {"ebs": [{"volume_size": 10}]}]},
            says="/dev/xvdb has 10 GiB",
        ),
    ],
)


@checks(DISKS)
def test_disks_are_sealed_and_sized(platform: Platform) -> None:
    """Each template has a disk for the image and one for the containers, sealed, sized and not left behind."""
    findings = judge(platform.all("aws_launch_template"), _disks)

    assert not findings.broken, findings.table()


def _disks(template: Item) -> list[str]:
    said = []
    count = len(template.mappings("block_device_mappings"))
    if count < len((ROOT_GB, DATA_GB)):
        said.append(f"has {count} disks; containers share the image's")
    for position in range(count):
        said += _disk(template, f"block_device_mappings.{position}", ROOT_GB if position == 0 else DATA_GB)
    return said


def _disk(template: Item, at: str, bounds: tuple[int, int]) -> list[str]:
    device = template.text(f"{at}.device_name")
    said = []
    if template.text(f"{at}.ebs.0.encrypted").lower() != "true" or not template.refers(f"{at}.ebs.0.kms_key_id"):
        said.append(f"{device} is in clear or sealed with no key of ours")
    if template.text(f"{at}.ebs.0.delete_on_termination").lower() != "true":
        said.append(f"{device} stays behind when its node goes")
    size = template.number(f"{at}.ebs.0.volume_size") or 0
    if not bounds[0] <= size <= bounds[1]:
        said.append(f"{device} has {size:.0f} GiB, not {bounds[0]} to {bounds[1]}")
    for name, (least, most) in (("iops", GP3_IOPS), ("throughput", GP3_THROUGHPUT)):
        if bounds is DATA_GB and not least <= (given := template.number(f"{at}.ebs.0.{name}") or 0) <= most:
            said.append(f"{device} has {name} {given:.0f}; gp3 gives {least} to {most}")
    return said


SETTINGS = Control(
    id="EKS-024",
    title="Add-ons MUST enforce network policies, hold addresses ready and answer names in every zone",
    system="eks",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_GUIDE}/networking.html",
    remedy="Set enableNetworkPolicy and prefix delegation for vpc-cni, and autoscaling and spread for coredns.",
    relates=("aws_eks_addon", "aws_eks_node_group"),
    frameworks={"nist": "SC-7(5)", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_eks_addon",
            '*agent["vpc-cni"]',
            {"configuration_values": {"enableNetworkPolicy": "false"}},
            says="lets network policies lie",
        ),
        edit(
            "aws_eks_addon",
            "*addon.coredns",
            {"configuration_values": {"autoScaling": {"minReplicas": 1}}},
            says="1 resolvers",
        ),
    ],
)


@checks(SETTINGS)
def test_addons_are_set_for_production(platform: Platform) -> None:
    """The network plug-in enforces policies; the resolver scales with the nodes and spreads over the zones."""
    nodes = sum(_size(group, "max_size") for group in platform.all("aws_eks_node_group"))

    def configured(addon: Item) -> list[str]:
        values = _values(addon)
        if addon.text("addon_name") == "vpc-cni":
            return _network_plugin(values)
        return _resolver(values, nodes)

    chosen = [one for one in platform.all("aws_eks_addon") if one.text("addon_name") in ("vpc-cni", "coredns")]
    findings = judge(chosen, configured)

    assert not findings.broken, findings.table()


def _values(addon: Item) -> Mapping[str, object]:
    value = addon.get("configuration_values")
    found = json.loads(value) if isinstance(value, str) else value
    return found if isinstance(found, Mapping) else {}


def _under(values: object, *keys: str) -> object:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def _network_plugin(values: Mapping[str, object]) -> list[str]:
    said = []
    if str(_under(values, "enableNetworkPolicy")).lower() != "true":
        said.append("lets network policies lie: nobody enforces them")
    if str(_under(values, "env", "ENABLE_PREFIX_DELEGATION")).lower() != "true":
        said.append("gives each node as few pods as it has single addresses")
    if (warm := str(_under(values, "env", "WARM_PREFIX_TARGET"))) not in ("1", "2"):
        said.append(f"holds {warm} prefixes ready on each node: none is slow, many waste the subnet")
    return said


def _resolver(values: Mapping[str, object], nodes: float) -> list[str]:
    scaling = _under(values, "autoScaling")
    least, most = (int(str(_under(scaling, name) or 0)) for name in ("minReplicas", "maxReplicas"))
    said = [] if _under(scaling, "enabled") is True else ["does not grow with the cluster"]
    if not ZONES <= least < most <= max(nodes, ZONES):
        said.append(f"runs {least} resolvers, up to {most}; needs one for each zone and at most one for each node")
    spread = _under(values, "topologySpreadConstraints")
    even = [
        one
        for one in (spread if isinstance(spread, (list, tuple)) else [])
        if _under(one, "maxSkew") == 1 and _under(one, "labelSelector", "matchLabels")
    ]
    return said if even else [*said, "may sit in one zone"]
