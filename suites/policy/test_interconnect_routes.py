"""The links between the clouds: who hears of which network, and which way packets go."""

import ipaddress
from collections import Counter

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

#: A zone may be lost and a majority of zones is left.
ZONES = 3

BOTH_WAYS = Control(
    id="ICN-010",
    title="Every network of one cloud that is announced MUST be routed to from every table of the other",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/tgw-best-design-practices.html",
    remedy="Route each range of the other sites to the transit gateway in every private and data route table.",
    relates=("aws_route", "aws_ec2_transit_gateway", "aws_vpc", "google_compute_router"),
    frameworks={"nist": "SC-7", "soc2": "A1.1"},
    mutants=[
        remove("aws_route", '*main["private-eu-west-1a/standby"]', says="5 of 6"),
        edit(
            "aws_route",
            '*peer["data-eu-central-1a/primary"]',
            {"destination_cidr_block": "0.0.0.0/0"},
            says="0.0.0.0/0",
        ),
        edit(
            "google_compute_router",
            "module.standby_interconnect.*",
            {"bgp": [{"advertised_ip_ranges": [{}, {"range": "10.0.0.0/8"}]}]},
            says="10.0.0.0/8",
        ),
    ],
)


@checks(BOTH_WAYS)
def test_routes_lead_both_ways(platform: Platform) -> None:
    """From each VPC, every table reaches every other VPC and every private range that Google announces."""
    announced = {
        str(one.get("range"))
        for router in platform.all("google_compute_router")
        for one in router.mappings("bgp.0.advertised_ip_ranges")
    }
    foreign = {one for one in announced if ipaddress.ip_network(one).is_private}
    vpcs = {one.address: one.text("cidr_block") for one in platform.all("aws_vpc")}
    routes = platform.all("aws_route")
    attachments = platform.all("aws_ec2_transit_gateway_vpc_attachment")

    def routed(gateway: Item) -> list[str]:
        ours = [one for one in routes if _refers(one, "transit_gateway_id", gateway)]
        tables = {table.address for one in ours for table in one.refers("route_table_id", "aws_route_table")}
        here = {
            vpc.address
            for one in attachments
            if _refers(one, "transit_gateway_id", gateway)
            for vpc in one.refers("vpc_id", "aws_vpc")
        }
        wanted = foreign | {cidr for address, cidr in vpcs.items() if address not in here}
        count = Counter(one.text("destination_cidr_block") for one in ours)
        said = [] if here else ["joins no VPC"]
        said += [f"{one} is routed to from {count[one]} of {len(tables)} tables" for one in sorted(wanted)
                 if count[one] != len(tables)]  # fmt: skip
        return said + [f"{one} is routed here and is no network of another site" for one in sorted(set(count) - wanted)]

    findings = judge(platform.all("aws_ec2_transit_gateway"), routed)

    assert not findings.broken, findings.table()


def _refers(item: Item, path: str, target: Item) -> bool:
    return any(one.address == target.address for one in item.refers(path, target.kind))


ANNOUNCED = Control(
    id="ICN-011",
    title="The Cloud Router MUST announce every range of its site, and the Direct Connect gateway every VPC",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/network-connectivity/docs/router/concepts/advertised-routes",
    remedy="List the network, the pods and Google's private addresses; allow exactly the VPCs' prefixes.",
    relates=("google_compute_router", "google_compute_subnetwork", "aws_dx_gateway_association", "aws_vpc"),
    frameworks={"nist": "AC-4", "soc2": "CC6.6"},
    mutants=[
        edit(
            "google_compute_router",
            "module.standby_interconnect.*",
            {"bgp": [{"advertised_ip_ranges": [{}, {}, None]}]},
            says="10.36.0.0/14 is announced to nobody",
        ),
        edit(
            "aws_dx_gateway_association", "*association.peer", {"allowed_prefixes": ["10.0.0.0/8"]}, says="10.0.0.0/8"
        ),
    ],
)


@checks(ANNOUNCED)
def test_each_side_announces_its_networks(platform: Platform) -> None:
    """Nodes and pods are announced by the Cloud Router; each association lets through the VPCs behind it."""
    findings = judge(
        [one for one in platform.all("google_compute_router") if platform.referrers(one, "google_compute_router_peer")]
        + platform.all("aws_dx_gateway_association"),
        lambda one: _google_side(platform, one) if one.kind == "google_compute_router" else _aws_side(platform, one),
    )

    assert not findings.broken, findings.table()


def _google_side(platform: Platform, router: Item) -> list[str]:
    announced = [ipaddress.IPv4Network(str(one.get("range"))) for one in router.mappings("bgp.0.advertised_ip_ranges")]
    needed = {}
    for subnet in platform.all("google_compute_subnetwork"):
        needed[subnet.text("ip_cidr_range")] = subnet
        for one in subnet.mappings("secondary_ip_range"):
            if one.get("range_name") != "services":
                needed[str(one.get("ip_cidr_range"))] = subnet
    needed |= {route.text("dest_range"): route for route in platform.all("google_compute_route")}
    needed.pop("0.0.0.0/0", None)
    return [
        f"{one} is announced to nobody"
        for one in sorted(needed)
        if not any(ipaddress.IPv4Network(one).subnet_of(wide) for wide in announced)
    ]


def _aws_side(platform: Platform, association: Item) -> list[str]:
    behind = {
        vpc.text("cidr_block")
        for gateway in association.refers("associated_gateway_id", "aws_ec2_transit_gateway")
        for one in platform.referrers(gateway, "aws_ec2_transit_gateway_vpc_attachment")
        for vpc in one.refers("vpc_id", "aws_vpc")
    }
    allowed = {str(one) for one in association.sequence("allowed_prefixes")}
    said = [] if association.refers("dx_gateway_id", "aws_dx_gateway") else ["leads to no link"]
    if allowed != behind:
        said.append(f"lets {', '.join(sorted(allowed))} through; behind it are {', '.join(sorted(behind))}")
    return said


SEGMENTS = Control(
    id="ICN-012",
    title="A transit gateway MUST route by tables that are declared, in three zones, with no accidental association",
    system="interconnect",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/tgw-route-tables.html",
    remedy="Associate each attachment with one table, propagate it into another, and declare the default tables.",
    relates=(
        "aws_ec2_transit_gateway",
        "aws_ec2_transit_gateway_vpc_attachment",
        "aws_subnet",
        "aws_ec2_transit_gateway_route_table",
    ),
    frameworks={"nist": "SC-7(21)", "pci": "1.2.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_ec2_transit_gateway_vpc_attachment",
            "*attachment.main",
            {"transit_gateway_default_route_table_association": True},
            says="joins the default table",
        ),
        remove("aws_ec2_transit_gateway_route_table_association", "*association.vpc", says="associated with 0"),
        remove(
            "aws_ec2_transit_gateway_default_route_table_propagation", "*propagation.peer", says="default propagation"
        ),
    ],
)

_TABLES = "aws_ec2_transit_gateway_route_table"


@checks(SEGMENTS)
def test_transit_gateways_route_by_declared_tables(platform: Platform) -> None:
    """Each attachment is associated and propagated once; each gateway has its default tables and refuses strangers."""
    findings = judge(
        platform.all("aws_ec2_transit_gateway", "aws_ec2_transit_gateway_vpc_attachment"),
        lambda one: _gateway(platform, one) if one.kind == "aws_ec2_transit_gateway" else _attachment(platform, one),
    )

    assert not findings.broken, findings.table()


def _gateway(platform: Platform, gateway: Item) -> list[str]:
    said = []
    if gateway.text("auto_accept_shared_attachments") != "disable":
        said.append("takes in whoever asks")
    for name in ("association", "propagation"):
        found = platform.referrers(gateway, f"aws_ec2_transit_gateway_default_route_table_{name}")
        if not any(one.refers("transit_gateway_route_table_id", _TABLES) for one in found):
            said.append(f"its default {name} leads to no table of ours")
    tables = platform.referrers(gateway, _TABLES)
    said += [f"{one.address} holds nothing" for one in tables if not _used(platform, one)]
    for table in tables:
        for route in platform.referrers(table, "aws_ec2_transit_gateway_route"):
            known = {vpc.text("cidr_block") for vpc in route.refers("destination_cidr_block", "aws_vpc")}
            if route.get("blackhole") or route.text("destination_cidr_block") not in _cidrs(platform):
                said.append(f"{route.address} leads {route.text('destination_cidr_block')} astray, not {sorted(known)}")
    return said


def _cidrs(platform: Platform) -> set[str]:
    return {one.text("cidr_block") for one in platform.all("aws_vpc")}


def _used(platform: Platform, table: Item) -> bool:
    return bool(platform.referrers(table, f"{_TABLES}_association", f"{_TABLES}_propagation"))


def _attachment(platform: Platform, attachment: Item) -> list[str]:
    said = []
    zones = {one.text("availability_zone") for one in attachment.refers("subnet_ids", "aws_subnet")}
    if len(zones) < ZONES:
        said.append(f"is in {len(zones)} zones")
    for name in ("association", "propagation"):
        if attachment.get(f"transit_gateway_default_route_table_{name}") is not False:
            said.append(f"joins the default table by {name}")
        found = platform.referrers(attachment, f"{_TABLES}_{name}")
        held = [one for one in found if one.refers("transit_gateway_route_table_id", _TABLES)]
        if len(held) != 1:
            said.append(f"is {'associated with' if name == 'association' else 'propagated into'} {len(held)} tables")
        said += [
            f"{one.address} takes over what another holds" for one in held if one.get("replace_existing_association")
        ]
    return said


PEERING = Control(
    id="ICN-013",
    title="The peering of the primary's two regions MUST be accepted, in this account, and routed both ways",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/tgw/tgw-peering.html",
    remedy="Declare the accepter, an association on each side and a static route each way.",
    relates=(
        "aws_ec2_transit_gateway_peering_attachment",
        "aws_ec2_transit_gateway_peering_attachment_accepter",
        "aws_ec2_transit_gateway_route",
        "aws_ec2_transit_gateway_route_table_association",
    ),
    frameworks={"nist": "CP-8", "soc2": "A1.2"},
    mutants=[
        remove("aws_ec2_transit_gateway_peering_attachment_accepter", "*accepter.peer", says="nobody accepts"),
        remove("aws_ec2_transit_gateway_route", "*route.primary", says="1 of 2 routes"),
        edit(
            "aws_ec2_transit_gateway_peering_attachment", "*attachment.main", {"peer_account_id": "12345"}, says="12345"
        ),
    ],
)

#: Both ends of a peering need a table and a route of their own: peerings do not propagate.
ENDS = 2
_ACCOUNT_DIGITS = 12


@checks(PEERING)
def test_region_peering_is_complete(platform: Platform) -> None:
    """Each peering is accepted, associated at both ends and carries a static route each way."""

    def complete(peering: Item) -> list[str]:
        account = peering.text("peer_account_id")
        said = [] if len(account) == _ACCOUNT_DIGITS else [f"asks account {account}"]
        accepters = platform.referrers(peering, "aws_ec2_transit_gateway_peering_attachment_accepter")
        if not accepters:
            return [*said, "nobody accepts it"]
        for kind, name in ((f"{_TABLES}_association", "tables"), ("aws_ec2_transit_gateway_route", "routes")):
            found = [one for accepter in accepters for one in platform.referrers(accepter, kind)]
            if len(found) != ENDS:
                said.append(f"has {len(found)} of {ENDS} {name}")
            if name == "tables":
                # The far end associates it with its default table before anybody else can.
                said += [f"{one.address} cannot take its place" for one in found
                         if one.get("replace_existing_association") is not True]  # fmt: skip
        return said

    findings = judge(platform.all("aws_ec2_transit_gateway_peering_attachment"), complete)

    assert not findings.broken, findings.table()
