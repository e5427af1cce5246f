"""Security groups, firewalls and endpoints: who may open which port, on both sides of each call."""

import ipaddress

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

ANYWHERE = "0.0.0.0/0"
#: TLS: the only port on which anything may leave for an unnamed host.
TLS = 443

BOTH_ENDS = Control(
    id="NET-010",
    title="A port that a security group opens MUST be one port, for a known caller, opened at both ends of the call",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    remedy="Name the group, prefix list or private range; give caller and callee the same single port.",
    relates=("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule", "aws_security_group"),
    frameworks={"nist": "SC-7(5)", "pci": "1.3.1", "cis": "AWS 5.3", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_vpc_security_group_ingress_rule",
            '*node_control_plane["admission-mesh"]',
            {"from_port": 15018, "to_port": 15018},
            says="no group lets in",
        ),
        remove("aws_vpc_security_group_egress_rule", '*gateway["requests"]', says="does not let out"),
        edit("aws_vpc_security_group_ingress_rule", "*rule.endpoints", {"cidr_ipv4": "0.0.0.0/0"}, says="0.0.0.0/0"),
    ],
)


@checks(BOTH_ENDS)
def test_ports_are_open_at_both_ends(platform: Platform) -> None:
    """Each rule opens one port to somebody known, and the other group has the counterpart."""
    ins, outs = (platform.all(f"aws_vpc_security_group_{way}_rule") for way in ("ingress", "egress"))
    vpcs = {one.text("cidr_block") for one in platform.all("aws_vpc")}

    def opened(rule: Item) -> list[str]:
        ports, (mine, other) = _ports(rule), (_group(rule, "security_group_id"), _group(rule, _OTHER))
        if rule.kind == "aws_vpc_security_group_ingress_rule":
            said = _known(rule, vpcs)
            calls = [one for one in outs if _group(one, "security_group_id") == other and _ports(one) == ports]
            if other and not any(_group(one, _OTHER) == mine or one.has("cidr_ipv4") for one in calls):
                said.append(f"the caller does not let out {ports}")
            return said
        said = _known(rule, vpcs) if rule.text("cidr_ipv4") != ANYWHERE or ports != _tls() else []
        open_ = [one for one in ins if _ports(one) == ports]
        lets = [one for one in open_ if _group(one, "security_group_id") == other]
        if other and not any(_group(one, _OTHER) == mine or one.has("cidr_ipv4") for one in lets):
            said.append(f"no group lets in {ports}")
        if rule.text("cidr_ipv4") in vpcs and not open_:
            said.append(f"no group of the network lets in {ports}")
        return said

    findings = judge(ins + outs, opened)

    assert not findings.broken, findings.table()


_OTHER = "referenced_security_group_id"


def _tls() -> str:
    return f"tcp {TLS}-{TLS}"


def _group(rule: Item, path: str) -> str:
    return ",".join(one.address for one in rule.refers(path, "aws_security_group"))


def _ports(rule: Item) -> str:
    if rule.text("ip_protocol") == "-1":
        return "all"
    return f"{rule.text('ip_protocol')} {rule.number('from_port') or 0:.0f}-{rule.number('to_port') or 0:.0f}"


def _known(rule: Item, vpcs: set[str]) -> list[str]:
    cidr = rule.text("cidr_ipv4")
    said = []
    if (
        cidr
        and cidr not in vpcs
        and (not ipaddress.ip_network(cidr).is_private or ipaddress.ip_network(cidr).prefixlen < SITE_BITS)
    ):
        said.append(f"is open to {cidr}")
    if not cidr and not _group(rule, _OTHER) and not rule.refers("prefix_list_id", "aws_ec2_managed_prefix_list"):
        said.append("is open to nobody that is declared")
    if rule.number("from_port") != rule.number("to_port") or (
        _ports(rule) == "all" and _group(rule, _OTHER) != _group(rule, "security_group_id")
    ):
        said.append(f"opens {_ports(rule)}, not one port")
    return said


#: Pods of a site are a /14, the widest range anyone is given.
SITE_BITS = 14

ACROSS = Control(
    id="NET-011",
    title="A port that one cloud opens towards the other MUST be opened by the other for it",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/",
    remedy="Let the calling side out and the called side in on the same port; take out what nobody answers.",
    relates=(
        "google_compute_firewall",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc",
        "Service",
    ),
    frameworks={"nist": "SC-7", "pci": "1.2.5", "soc2": "CC6.6"},
    mutants=[
        edit("google_compute_firewall", '*ingress["primary"]', {"allow": [{"ports": ["15999"]}]}, says="15999"),
        remove("aws_vpc_security_group_egress_rule", '*node_mesh["standby"]', says="15443"),
        edit("google_compute_firewall", '*egress["primary"]', {"allow": [{"ports": ["5432", "6379"]}]}, says="6379"),
        edit(
            "Service",
            "primary:istio-ingress/istio-eastwestgateway",
            {"spec": {"ports": [{"port": 15444}]}},
            says="15443",
        ),
    ],
)


@checks(ACROSS)
def test_ports_between_the_clouds_match(platform: Platform) -> None:
    """What Google's firewall lets to and from the primary is what the primary lets in and out."""
    vpcs = {one.text("cidr_block") for one in platform.all("aws_vpc")}
    # Managed services lie in Google's own network, where our firewall has no say: only nodes' calls pass it.
    nodes = {
        group.address
        for one in platform.all("aws_launch_template")
        for group in one.refers("vpc_security_group_ids", "aws_security_group")
    }
    ways = {
        "INGRESS": {
            _port(one)
            for one in platform.all("aws_vpc_security_group_egress_rule")
            if _abroad(one, vpcs) and _group(one, "security_group_id") in nodes
        },
        "EGRESS": {_port(one) for one in platform.all("aws_vpc_security_group_ingress_rule") if _abroad(one, vpcs)},
    }
    for service in platform.all("Service", site="primary"):
        # The cloud's controller opens what a load balancer of the cluster listens on.
        if service.text("spec.type") == "LoadBalancer":
            ways["EGRESS"] |= {str(one.get("port")) for one in service.mappings("spec.ports")}

    def met(rule: Item) -> list[str]:
        way = rule.text("direction")
        open_ = {str(port) for one in rule.mappings("allow") for port in _listed(one.get("ports"))}
        said = [f"{way} {port} meets nothing at the primary" for port in sorted(open_ - ways[way])]
        if way == "INGRESS":
            said += [f"{way} {port} of the primary is not let in" for port in sorted(ways[way] - open_)]
        strange = {str(one) for one in rule.sequence(_RANGES[way])} - vpcs
        return said + [f"{way} from or to {one}, which is no VPC" for one in sorted(strange)]

    facing = [
        one
        for one in platform.all("google_compute_firewall")
        if vpcs & {str(cidr) for cidr in one.sequence(_RANGES.get(one.text("direction"), ""))}
    ]
    findings = judge(facing, met)

    assert not findings.broken, findings.table()


_RANGES = {"INGRESS": "source_ranges", "EGRESS": "destination_ranges"}


def _port(rule: Item) -> str:
    return f"{rule.number('from_port') or 0:.0f}"


def _abroad(rule: Item, vpcs: set[str]) -> bool:
    cidr = rule.text("cidr_ipv4")
    return bool(cidr) and cidr not in vpcs and cidr != ANYWHERE


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


WEBHOOKS = Control(
    id="NET-012",
    title="Both control planes MUST reach the same admission ports of their nodes",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#add_firewall_rules",
    remedy="Open on GKE's firewall, for the control plane's subnet, the ports that EKS's control plane group lets out.",
    relates=(
        "google_compute_firewall",
        "google_container_cluster",
        "aws_eks_cluster",
        "aws_vpc_security_group_egress_rule",
    ),
    frameworks={"nist": "SC-7", "soc2": "CC6.6"},
    mutants=[
        edit(
            "google_compute_firewall",
            '*ingress["webhooks"]',
            {"allow": [{"ports": ["8443", "9443", "10250"]}]},
            says="15017",
        ),
        edit(
            "aws_vpc_security_group_egress_rule",
            '*control_plane["kubelet"]',
            {"from_port": 10255, "to_port": 10255},
            says="10255",
        ),
    ],
)


@checks(WEBHOOKS)
def test_control_planes_reach_the_same_ports(platform: Platform) -> None:
    """The ports on which EKS calls its nodes are those on which GKE calls its own."""
    eks = {
        _port(one)
        for cluster in platform.all("aws_eks_cluster")
        for group in cluster.refers("vpc_config.0.security_group_ids", "aws_security_group")
        for one in platform.referrers(group, "aws_vpc_security_group_egress_rule")
        if _group(one, "security_group_id") == group.address
    }
    firewalls = platform.all("google_compute_firewall")

    def reached(cluster: Item) -> list[str]:
        planes = {one.text("ip_cidr_range") for one in cluster.refers("private_cluster_config")}
        gke = {
            str(port)
            for one in firewalls
            if planes and planes == {str(cidr) for cidr in one.sequence("source_ranges")}
            for allowed in one.mappings("allow")
            for port in _listed(allowed.get("ports"))
        }
        return [f"port {one} is open for one control plane only" for one in sorted(gke ^ eks)]

    findings = judge(platform.all("google_container_cluster"), reached)

    assert not findings.broken, findings.table()
