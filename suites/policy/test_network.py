"""Networks of both clouds: ranges, zones, ways in and out."""

import ipaddress
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import LOG_DAYS, ByClass

#: A site is a /16 and its pods a /14 at most; wider ranges take what the other sites will need.
WIDEST_BITS = 14
#: Switches of a subnet that would give its hosts an address or a name of their own on the internet.
SUBNET_SWITCHES = (
    "assign_ipv6_address_on_creation",
    "enable_dns64",
    "enable_resource_name_dns_a_record_on_launch",
    "enable_resource_name_dns_aaaa_record_on_launch",
    "ipv6_native",
    "map_public_ip_on_launch",
)
#: Tags by which the load balancer controller finds its subnets; their value is "1".
ROLE_TAGS = ("kubernetes.io/role/elb", "kubernetes.io/role/internal-elb")
ANYWHERE = "0.0.0.0/0"

DISJOINT = Control(
    id="NET-001",
    title="No range of one network MUST overlap a range of another, in either cloud",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/whitepapers/latest/building-scalable-secure-multi-vpc-network-infrastructure/ip-address-planning-and-management.html",
    remedy="Give every VPC, subnet, pod, service and private-services range a place of its own in the plan.",
    relates=("aws_vpc", "aws_subnet", "aws_eks_cluster", "google_compute_subnetwork", "google_compute_global_address"),
    frameworks={"nist": "SC-7", "pci": "1.2.1", "soc2": "CC6.6"},
    mutants=[
        edit("google_compute_subnetwork", "*subnetwork.nodes", {"ip_cidr_range": "10.32.0.0/20"}, says="overlaps"),
        edit("aws_vpc", "*aws_vpc.peer", {"cidr_block": "10.36.0.0/16"}, says="overlaps"),
        edit("aws_subnet", '*private["eu-west-1a"]', {"cidr_block": "10.32.32.0/20"}, says="overlaps"),
        edit("google_compute_global_address", "*.private_services", {"prefix_length": 8}, says="overlaps"),
    ],
)


@checks(DISJOINT)
def test_ranges_do_not_overlap(platform: Platform) -> None:
    """Networks, subnets, pods, services and private services of both clouds are disjoint and lie where they belong."""
    ranges = [(item, ipaddress.IPv4Network(text, strict=False)) for item, text in _ranges(platform)]
    vpcs = {item.address: block for item, block in ranges if item.kind == "aws_vpc"}

    def disjoint(item: Item) -> list[str]:
        said = []
        for own in (block for one, block in ranges if one.address == item.address):
            home = {one.address for one in item.refers("vpc_id", "aws_vpc")} if item.kind == "aws_subnet" else set()
            if own.prefixlen < WIDEST_BITS:
                said.append(f"{own} is wider than a site")
            said += [f"{own} lies outside {vpcs[one]}" for one in home if one in vpcs and not own.subnet_of(vpcs[one])]
            said += [
                f"{own} overlaps {other} of {one.address}"
                for one, other in ranges
                if (one.address, other) != (item.address, own) and own.overlaps(other)
                and one.address not in home and not (item.kind == "aws_vpc" and one.kind == "aws_subnet")
            ]  # fmt: skip
        return said

    findings = judge({item.address: item for item, _ in ranges}.values(), disjoint)

    assert not findings.broken, findings.table()


def _ranges(platform: Platform) -> Iterator[tuple[Item, str]]:
    for item in platform.all("aws_vpc", "aws_subnet"):
        yield item, item.text("cidr_block")
    for item in platform.all("aws_eks_cluster"):
        yield item, item.text("kubernetes_network_config.0.service_ipv4_cidr") or ANYWHERE
    for item in platform.all("google_compute_subnetwork"):
        yield item, item.text("ip_cidr_range")
        yield from ((item, str(one.get("ip_cidr_range"))) for one in item.mappings("secondary_ip_range"))
    for item in platform.all("google_compute_global_address"):
        if item.text("address_type") == "INTERNAL":
            yield item, f"{item.text('address')}/{item.number('prefix_length') or 0:.0f}"


VPCS = Control(
    id="NET-002",
    title="Every VPC MUST resolve names, log its flows, shut its default group and have alike subnets in three zones",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html",
    remedy="Declare DNS switches, a flow log, the default security group, and each role's subnet in each zone.",
    relates=("aws_vpc", "aws_subnet", "aws_flow_log", "aws_default_security_group", "aws_cloudwatch_log_group"),
    frameworks={"nist": "AU-12", "pci": "10.2.1", "cis": "AWS 3.7", "hipaa": "164.312(b)", "soc2": "CC7.2"},
    mutants=[
        remove("aws_flow_log", "*flow_log.peer", says="logs no flows"),
        edit("aws_flow_log", "*flow_log.main", {"max_aggregation_interval": 600}, says="600 s"),
        remove("aws_subnet", '*data["eu-west-1b"]', says="eu-west-1b"),
        remove("aws_default_security_group", "*group.main", says="default group"),
    ],
)

ZONES = 3
#: AWS offers one minute or ten; an intruder is gone in ten.
FLOW_S = 60


@checks(VPCS)
def test_vpcs_are_complete(platform: Platform) -> None:
    """Each VPC has its names, its flow log with a kept and sealed group, a shut default group and three alike zones."""

    def complete(vpc: Item) -> list[str]:
        names = ("enable_dns_support", "enable_dns_hostnames")
        said = [f"has {name} off" for name in names if vpc.get(name) is not True]
        subnets = platform.referrers(vpc, "aws_subnet")
        zones = Counter(one.text("availability_zone") for one in subnets)
        most = max(zones.values(), default=0)
        said += [f"has {count} subnets in {zone}, elsewhere {most}" for zone, count in zones.items() if count != most]
        if len(zones) < ZONES:
            said.append(f"spans {len(zones)} zones")
        shut = platform.referrers(vpc, "aws_default_security_group")
        if not shut or any(one.get("revoke_rules_on_delete") for one in shut):
            said.append("leaves its default group as AWS made it")
        flows = platform.referrers(vpc, "aws_flow_log")
        return said + [text for one in flows for text in _flow(one)] if flows else [*said, "logs no flows"]

    findings = judge(platform.all("aws_vpc"), complete)

    assert not findings.broken, findings.table()


def _flow(flow: Item) -> list[str]:
    said = []
    if flow.text("traffic_type") != "ALL" or flow.number("max_aggregation_interval") != FLOW_S:
        said.append(f"logs {flow.text('traffic_type')} every {flow.number('max_aggregation_interval'):.0f} s")
    groups = flow.refers("log_destination", "aws_cloudwatch_log_group")
    if not groups or not flow.refers("iam_role_arn", "aws_iam_role"):
        said.append(f"{flow.address} has no log group or no role to write to it")
    for group in groups:
        days = group.number("retention_in_days") or 0
        low, high = LOG_DAYS.of(group)
        if not low <= days <= high or group.get("skip_destroy") or not group.refers("kms_key_id"):
            said.append(f"{group.address} keeps flows for {days:.0f} days, or in clear, or beyond its declaration")
    return said


SUBNETS = Control(
    id="NET-003",
    title="Every subnet MUST follow one route table and give no host a public address or name",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html",
    remedy="Associate the subnet with a declared table; leave every public switch off; tag load balancers' subnets 1.",
    relates=("aws_subnet", "aws_route_table_association", "aws_route_table"),
    frameworks={"nist": "SC-7(5)", "pci": "1.4.2", "cis": "AWS 5.1", "soc2": "CC6.6"},
    mutants=[
        remove("aws_route_table_association", '*data["eu-west-1a"]', says="0 route tables"),
        edit("aws_subnet", '*edge["eu-west-1a"]', {"map_public_ip_on_launch": True}, says="map_public_ip_on_launch"),
        remove("aws_route_table", "*route_table.transit", says="0 route tables"),
    ],
)


@checks(SUBNETS)
def test_subnets_are_routed_and_private(platform: Platform) -> None:
    """Each subnet has one association with a declared table and opens nothing by itself."""
    tables: Counter[str] = Counter()
    for one in platform.all("aws_route_table_association"):
        if one.refers("route_table_id", "aws_route_table"):
            tables.update(found.address for found in one.refers("subnet_id", "aws_subnet"))

    def routed(subnet: Item) -> list[str]:
        said = [f"sets {name}" for name in SUBNET_SWITCHES if subnet.get(name) is not False]
        if tables[subnet.address] != 1:
            said.append(f"follows {tables[subnet.address]} route tables")
        for tag in ROLE_TAGS:
            values = {str(subnet.get((where, tag), "1")) for where in ("tags", "tags_all")}
            said += [f"tags {tag} with {sorted(values)}, which no controller looks for"] if values != {"1"} else []
        return said

    findings = judge(platform.all("aws_subnet"), routed)

    assert not findings.broken, findings.table()


WAYS_OUT = Control(
    id="NET-004",
    title="Each zone of a VPC with nodes MUST have its own NAT, and nothing but the edge MUST lead to the internet gateway",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
    remedy="Declare a NAT gateway with an address in each zone's edge subnet and a default route to it.",
    relates=("aws_eks_cluster", "aws_subnet", "aws_nat_gateway", "aws_eip", "aws_route", "aws_internet_gateway"),
    frameworks={"nist": "SC-7", "pci": "1.4.4", "soc2": "A1.2"},
    mutants=[
        remove("aws_nat_gateway", '*main["eu-west-1b"]', says="eu-west-1b"),
        remove("aws_route", '*route.nat["eu-west-1c"]', says="of 3 node subnets"),
        remove("aws_eip", '*nat["eu-west-1a"]', says="no address"),
        remove("aws_route", "*route.internet", says="no way to the internet", name="without-the-edge"),
    ],
)

#: A trial may stand still while its one zone with a way out is down.
NAT_IN_EACH_ZONE = ByClass(production=True, rehearsal=True, trial=False)


@checks(WAYS_OUT)
def test_each_zone_has_a_way_out(platform: Platform) -> None:
    """Nodes leave by their zone's NAT; only edge subnets use the internet gateway."""
    nats = platform.all("aws_nat_gateway")
    routes = [one for one in platform.all("aws_route") if one.text("destination_cidr_block") == ANYWHERE]
    associations = platform.all("aws_route_table_association")

    def leaves(cluster: Item) -> list[str]:
        nodes = {one.address: one for one in cluster.refers("vpc_config.0.subnet_ids", "aws_subnet")}
        zones = {one.text("availability_zone") for one in nodes.values()}
        served = {
            edge.text("availability_zone")
            for nat in nats
            if nat.refers("allocation_id", "aws_eip")
            for edge in nat.refers("subnet_id", "aws_subnet")
        }
        said = [
            f"zone {zone} has no NAT of its own, or it has no address"
            for zone in sorted(zones - served)
            if NAT_IN_EACH_ZONE.of(cluster) or not zones & served
        ]
        out = {
            table.address for one in routes if one.refers("nat_gateway_id") for table in one.refers("route_table_id")
        }
        led = [
            one
            for one in associations
            if any(found.address in nodes for found in one.refers("subnet_id"))
            and any(found.address in out for found in one.refers("route_table_id"))
        ]
        if len(led) != len(nodes):
            said.append(f"{len(led)} of {len(nodes)} node subnets have a way out")
        gates = [one for one in routes if one.refers("gateway_id", "aws_internet_gateway")]
        edge = {table.address for one in gates for table in one.refers("route_table_id", "aws_route_table")}
        return said if edge else [*said, "the edge has no way to the internet"]

    findings = judge(platform.all("aws_eks_cluster"), leaves)

    assert not findings.broken, findings.table()


ACLS = Control(
    id="NET-005",
    title="Network ACLs MUST admit each known network of both clouds, alike in and out, and nothing else",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
    remedy="Allow TCP from and to each VPC, node and pod range; number the rules in tens, alike in both directions.",
    relates=("aws_network_acl", "aws_network_acl_rule", "aws_vpc", "google_compute_subnetwork"),
    frameworks={"nist": "SC-7(5)", "pci": "1.3.1", "cis": "AWS 5.2", "soc2": "CC6.6"},
    mutants=[
        edit("aws_network_acl_rule", '*data_ingress["peer"]', {"cidr_block": "0.0.0.0/0"}, says="0.0.0.0/0"),
        edit("aws_network_acl_rule", '*peer_data_egress["standby"]', {"from_port": 8080}, says="8080"),
        remove("aws_network_acl_rule", '*data_egress["standby_pods"]', says="out"),
    ],
)

#: Ports to which answers return (an ACL keeps no state), and the one on which AWS's endpoints listen.
UNPRIVILEGED, ENDPOINT = (1024, 65535), (443, 443)
#: Distance of rule numbers: a rule can be put between any two.
STEP = 10


@checks(ACLS)
def test_acls_admit_known_networks_only(platform: Platform) -> None:
    """Each ACL of data subnets lets every VPC and every pod range of the other cloud through both ways, and no other."""
    vpcs = {one.text("cidr_block") for one in platform.all("aws_vpc")}
    far = {str(one.get("ip_cidr_range")) for item in platform.all("google_compute_subnetwork")
           for one in item.mappings("secondary_ip_range") if one.get("range_name") == "pods"}  # fmt: skip
    nodes = {one.text("ip_cidr_range") for one in platform.all("google_compute_subnetwork")}

    def admits(acl: Item) -> list[str]:
        rules = platform.referrers(acl, "aws_network_acl_rule")
        ways = {way: [one for one in rules if one.get("egress") is way] for way in (False, True)}
        said = [] if acl.refers("subnet_ids", "aws_subnet") else ["guards no subnet"]
        wide = {way: {_admits(one) for one in found if _ports(one) == UNPRIVILEGED} for way, found in ways.items()}
        cidrs = {way: {cidr for cidr, _ in found} for way, found in wide.items()}
        for way, name in ((False, "in"), (True, "out")):
            said += [f"lets {one} not {name}" for one in sorted(vpcs | far) if one not in cidrs[way]]
            missing = [one for one in nodes if not any(_inside(one, cidr) for cidr in cidrs[way])]
            said += [f"lets {one} not {name}" for one in missing]
            numbers = sorted(one.number("rule_number") or 0 for one in ways[way])
            if any(right - left != STEP for left, right in pairwise(numbers)):
                said.append(f"numbers its rules {numbers}")
        if wide[False] != wide[True]:
            said.append("lets one way what it does not let back, or under another number")
        said += [text for one in rules for text in _rule(one, vpcs, far, nodes)]
        return said

    findings = judge(platform.all("aws_network_acl"), admits)

    assert not findings.broken, findings.table()


def _ports(rule: Item) -> tuple[float, float]:
    return rule.number("from_port") or 0, rule.number("to_port") or 0


def _admits(rule: Item) -> tuple[str, float]:
    return rule.text("cidr_block"), rule.number("rule_number") or 0


def _inside(inner: str, outer: str) -> bool:
    return ipaddress.IPv4Network(inner).subnet_of(ipaddress.IPv4Network(outer))


def _rule(rule: Item, vpcs: set[str], far: set[str], nodes: set[str]) -> list[str]:
    cidr, ports = rule.text("cidr_block"), _ports(rule)
    said = []
    if ports not in (UNPRIVILEGED, ENDPOINT) or (ports == ENDPOINT and (cidr not in vpcs or not rule.get("egress"))):
        said.append(f"{rule.address} lets {cidr} through on ports {ports[0]:.0f} to {ports[1]:.0f}")
    known = cidr in vpcs | far or (cidr != ANYWHERE and any(_inside(one, cidr) for one in nodes))
    if not known or rule.text("protocol") != "tcp" or rule.text("rule_action") != "allow":
        said.append(f"{rule.address} {rule.text('rule_action')}s {rule.text('protocol')} of {cidr}, no network of ours")
    return said
