"""The links between the clouds: what both sides must say alike."""

import ipaddress
from collections import Counter

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass

#: Links that share no building: one may be dug up.
LINKS = 2
#: Private ASNs of 16 bits (RFC 6996), which both clouds accept.
PRIVATE_ASNS = (64512, 65534)
#: How long a silent link may carry traffic into nowhere, by BFD, and by BGP alone (three keepalives).
BFD_S, HOLD_S = 10.0, 60
#: Prefix of a BGP session: Google asks for a /29.
SESSION_BITS = 29
#: A link that fails pages within five minutes, and a single lost minute does not.
ALARM_S, ALARM_PERIODS = (120, 300), (2, 5)

SESSIONS = Control(
    id="ICN-001",
    title="Each VLAN of the Direct Connect MUST meet a VLAN of the Interconnect with mirrored BGP and equal MTU",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/network-connectivity/docs/interconnect/how-to/dedicated/creating-vlan-attachments",
    remedy="Give both ends the VLAN, the /29, the MTU, and each other's ASN and address.",
    relates=(
        "aws_dx_transit_virtual_interface",
        "google_compute_interconnect_attachment",
        "google_compute_router_peer",
    ),
    frameworks={"nist": "CP-8", "soc2": "A1.1"},
    mutants=[
        edit("aws_dx_transit_virtual_interface", '*main["a"]', {"vlan": 1999}, says="VLAN 1999"),
        edit("google_compute_router_peer", '*main["b"]', {"peer_asn": 64999}, says="64999"),
        edit("google_compute_interconnect_attachment", '*main["a"]', {"mtu": "1440"}, says="1440"),
        edit("google_compute_router_interface", '*main["a"]', {"ip_range": "169.254.102.3/29"}, says="169.254.102.3"),
    ],
)


@checks(SESSIONS)
def test_both_ends_of_each_session_agree(platform: Platform) -> None:
    """VLAN, addresses, ASNs and MTU of each virtual interface are those of one attachment on the other side."""
    far = {end["vlan"]: end for end in map(_google_end, platform.all("google_compute_router_peer")) if end}

    def mirrored(interface: Item) -> list[str]:
        vlan = interface.number("vlan") or 0
        here = {
            "addresses": f"{interface.text('customer_address')} to {interface.text('amazon_address')}",
            "ASNs": f"{_asn(interface, 'bgp_asn')} to {_gateway_asn(interface)}",
            "MTU": str(interface.number("mtu")),
        }
        there = far.get(f"{vlan:.0f}")
        if there is None:
            return [f"VLAN {vlan:.0f} meets no attachment; the other side has {', '.join(sorted(far)) or 'none'}"]
        return [f"{name}: {here[name]} here, {there[name]} there" for name in here if here[name] != there[name]]

    findings = judge(platform.all("aws_dx_transit_virtual_interface"), mirrored)

    assert not findings.broken, findings.table()


def _asn(item: Item, path: str) -> str:
    return f"{item.number(path) or 0:.0f}"


def _gateway_asn(interface: Item) -> str:
    return ",".join(_asn(one, "amazon_side_asn") for one in interface.refers("dx_gateway_id", "aws_dx_gateway"))


def _google_end(peer: Item) -> dict[str, str]:
    interfaces = peer.refers("interface", "google_compute_router_interface")
    attachments = [
        found
        for one in interfaces
        for found in one.refers("interconnect_attachment", "google_compute_interconnect_attachment")
    ]
    routers = peer.refers("router", "google_compute_router")
    if not (interfaces and attachments and routers):
        return {}
    near = interfaces[0].text("ip_range")
    session = ipaddress.ip_interface(near).network if near else None
    given = {str(ipaddress.ip_network(str(one))) for one in attachments[0].sequence("candidate_subnets")}
    length = attachments[0].number("subnet_length")
    agreed = given == {str(session)} and length == SESSION_BITS and near.startswith(f"{peer.text('ip_address')}/")
    return {
        "vlan": _asn(attachments[0], "vlan_tag8021q"),
        "addresses": f"{near if agreed else f'{near} outside {sorted(given)} /{length}'} to "
        f"{peer.text('peer_ip_address')}/{SESSION_BITS}",
        "ASNs": f"{_asn(routers[0], 'bgp.0.asn')} to {_asn(peer, 'peer_asn')}",
        "MTU": str(attachments[0].number("mtu")),
    }


NUMBERS = Control(
    id="ICN-002",
    title="Every BGP speaker of both clouds MUST have an ASN of its own, out of the private range",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.rfc-editor.org/rfc/rfc6996",
    remedy="Number transit gateways, the Direct Connect gateway and the Cloud Router differently.",
    relates=("aws_ec2_transit_gateway", "aws_dx_gateway", "google_compute_router"),
    frameworks={"nist": "SC-7", "soc2": "CC6.6"},
    mutants=[
        edit("aws_ec2_transit_gateway", "*gateway.peer", {"amazon_side_asn": 64544}, says="64544"),
        edit("google_compute_router", "module.standby_interconnect.*", {"bgp": [{"asn": 15169}]}, says="15169"),
    ],
)


@checks(NUMBERS)
def test_asns_are_private_and_distinct(platform: Platform) -> None:
    """No two speakers share an ASN, and none uses one that belongs to somebody."""
    speakers = platform.all("aws_ec2_transit_gateway", "aws_dx_gateway")
    speakers += [one for one in platform.all("google_compute_router") if one.has("bgp.0") or _has_peers(platform, one)]
    count = Counter(_speaks(one) for one in speakers)

    def numbered(speaker: Item) -> list[str]:
        asn = _speaks(speaker)
        said = [f"ASN {asn} is spoken by {count[asn]}"] if count[asn] > 1 else []
        if not PRIVATE_ASNS[0] <= asn <= PRIVATE_ASNS[1]:
            said.append(f"ASN {asn} is not private")
        return said

    findings = judge(speakers, numbered)

    assert not findings.broken, findings.table()


def _has_peers(platform: Platform, router: Item) -> bool:
    return bool(platform.referrers(router, "google_compute_router_peer"))


def _speaks(speaker: Item) -> int:
    return int(speaker.number("bgp.0.asn" if speaker.kind == "google_compute_router" else "amazon_side_asn") or 0)


PATHS = Control(
    id="ICN-003",
    title="The clouds MUST be joined by two encrypted links of equal speed in places that fail apart",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/directconnect/latest/UserGuide/MACsec.html",
    remedy="Order two connections and two interconnects at distinct locations, MACsec required on both ends.",
    relates=("aws_dx_connection", "google_compute_interconnect", "google_compute_interconnect_attachment"),
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(2)(ii)", "soc2": "CC6.7"},
    mutants=[
        edit("aws_dx_connection", '*main["a"]', {"encryption_mode": "should_encrypt"}, says="should_encrypt"),
        edit(
            "google_compute_interconnect", '*main["b"]', {"macsec": [{"fail_open": True}]}, says="carries on in clear"
        ),
        edit("aws_dx_connection", '*main["b"]', {"location": "EqLD5"}, says="at EqLD5"),
        remove("aws_dx_transit_virtual_interface", '*main["a"]', says="carries no virtual interface"),
    ],
)

#: Of a link that is paid for as a whole: what is replicated at production's rate needs all of it.
SHARE = ByClass(production=1.0, rehearsal=0.1, trial=0.1)


@checks(PATHS)
def test_links_are_redundant_and_encrypted(platform: Platform) -> None:
    """Both ends have the same number of links, each in a place of its own, encrypted, in use and equally fast."""
    near, far = platform.all("aws_dx_connection"), platform.all("google_compute_interconnect")
    places = Counter(one.text("location") for one in near + far)
    carried = {one.address: [user for user in platform.referrers(one) if user.kind in _USERS] for one in near + far}

    def joined(link: Item) -> list[str]:
        side, other = (near, far) if link in near else (far, near)
        said = [f"is one of {len(side)} links at this end"] if len(side) < LINKS else []
        if other and len(side) != len(other):
            said.append(f"is one of {len(side)} links, the other end has {len(other)}")
        if places[link.text("location")] > 1:
            said.append(f"is at {link.text('location')} like another")
        if not carried[link.address]:
            said.append("carries no virtual interface")
        return said + (_aws_link(link) if link.kind == "aws_dx_connection" else _google_link(link, carried))

    findings = judge(near + far, joined)

    assert not findings.broken, findings.table()


_USERS = ("aws_dx_transit_virtual_interface", "google_compute_interconnect_attachment")


def _aws_link(link: Item) -> list[str]:
    said = []
    if link.get("request_macsec") is not True or link.text("encryption_mode") != "must_encrypt":
        said.append(f"is encrypted by {link.text('encryption_mode')}")
    if link.get("skip_destroy"):
        said.append("stays ordered, and paid, when it is taken out")
    return said


def _google_link(link: Item, carried: dict[str, list[Item]]) -> list[str]:
    said = []
    if link.get("macsec_enabled") is not True or "IF_MACSEC" not in link.sequence("requested_features"):
        said.append("is in clear")
    if link.get("macsec.0.fail_open") is not False or not link.mappings("macsec.0.pre_shared_keys"):
        said.append("carries on in clear when its key fails")
    if link.get("admin_enabled") is not True:
        said.append("is switched off")
    lanes = int(link.number("requested_link_count") or 0)
    speed = link.text("link_type").removeprefix("LINK_TYPE_ETHERNET_").partition("G")[0]
    for one in carried[link.address]:
        if one.get("admin_enabled") is not True:
            said.append(f"{one.address} is switched off")
        taken, whole = int(one.text("bandwidth")[4:-1] or 0), lanes * int(speed or 0)
        if not SHARE.of(one) * whole <= taken <= whole:
            said.append(f"{one.address} takes {one.text('bandwidth')} of {lanes} x {speed}G")
    return said


LIVENESS = Control(
    id="ICN-004",
    title="A dead link MUST be left within seconds, and both links MUST be used alike",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/network-connectivity/docs/router/concepts/bfd",
    remedy="Enable the peer with active BFD that detects within ten seconds, and give both peers one priority.",
    relates=("google_compute_router_peer", "google_compute_router"),
    frameworks={"nist": "CP-8(2)", "soc2": "A1.2"},
    mutants=[
        edit("google_compute_router_peer", '*main["a"]', {"bfd": [{"multiplier": 16}]}, says="16 s"),
        edit("google_compute_router_peer", '*main["b"]', {"advertised_route_priority": 200}, says="priority 200"),
        edit(
            "google_compute_router", "module.standby_interconnect.*", {"bgp": [{"keepalive_interval": 60}]}, says="180"
        ),
    ],
)


@checks(LIVENESS)
def test_dead_links_are_left_quickly(platform: Platform) -> None:
    """BFD notices a dead link in seconds, BGP in a minute, and equal priorities share the load."""
    peers = platform.all("google_compute_router_peer")
    common, _ = Counter(one.number("advertised_route_priority") for one in peers).most_common(1)[0] if peers else (0, 0)

    def lively(peer: Item) -> list[str]:
        said = [] if peer.get("enable") is True else ["is switched off"]
        times = {peer.number(f"bfd.0.min_{way}_interval") or 0 for way in ("receive", "transmit")}
        detected_s = max(times) * (peer.number("bfd.0.multiplier") or 0) / 1000
        if peer.text("bfd.0.session_initialization_mode") != "ACTIVE" or not 1 <= detected_s <= BFD_S or len(times) > 1:
            said.append(f"notices a dead link after {detected_s:.0f} s, asking every {sorted(times)} ms")
        if (priority := peer.number("advertised_route_priority")) != common or not 0 <= (priority or 0) < LOCAL_PENALTY:
            said.append(f"has priority {priority:.0f}, not {common:.0f} like the rest")
        for router in peer.refers("router", "google_compute_router"):
            hold_s = 3 * (router.number("bgp.0.keepalive_interval") or 0)
            if hold_s != HOLD_S:
                said.append(f"BGP itself waits {hold_s:.0f} s, AWS's side {HOLD_S}")
            if router.get("encrypted_interconnect_router") is not False:
                said.append("expects IPsec, which a link below MACsec does not carry")
        return said

    findings = judge(peers, lively)

    assert not findings.broken, findings.table()


#: Google adds at least 201 to the priority of a route of another region: a base below it keeps regions apart.
LOCAL_PENALTY = 201

ALARMS = Control(
    id="ICN-005",
    title="Loss of a link or of its encryption MUST page within minutes, even when AWS says nothing",
    system="interconnect",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/directconnect/latest/UserGuide/monitoring-cloudwatch.html",
    remedy="Alarm on ConnectionState and ConnectionEncryptionState below 1 of each connection, missing data breaching.",
    relates=("aws_dx_connection", "aws_cloudwatch_metric_alarm"),
    frameworks={"nist": "SI-4", "pci": "10.7.2", "soc2": "CC7.2"},
    mutants=[
        remove("aws_cloudwatch_metric_alarm", '*connection["a-state"]', says="of 2"),
        edit("aws_cloudwatch_metric_alarm", '*connection["b-state"]', {"threshold": 0}, says="below 0"),
        edit(
            "aws_cloudwatch_metric_alarm",
            '*connection["b-encryption"]',
            {"actions_enabled": False},
            says="tells nobody",
        ),
    ],
)


@checks(ALARMS)
def test_lost_links_page(platform: Platform) -> None:
    """For each connection there is an alarm on its state and one on its encryption, and each can be heard."""
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.get("namespace") == "AWS/DX"]
    links = platform.all("aws_dx_connection")
    count = Counter(one.text("metric_name") for one in alarms)

    def watched(link: Item) -> list[str]:
        said = [
            f"{metric} is watched on {count[metric]} of {len(links)} links"
            for metric in ("ConnectionState", "ConnectionEncryptionState")
            if count[metric] != len(links)
        ]
        mine = [one for one in alarms if link.address in {found.address for found in one.refers("dimensions")}]
        return said + [f"{one.address} {text}" for one in mine for text in _heard(one)]

    findings = judge(links, watched)

    assert not findings.broken, findings.table()


def _heard(alarm: Item) -> list[str]:
    said = []
    if alarm.get("actions_enabled") is not True or not alarm.refers("alarm_actions", "aws_sns_topic"):
        said.append("tells nobody")
    if alarm.text("treat_missing_data") != "breaching":
        said.append("takes silence for health")
    if alarm.text("comparison_operator") != "LessThanThreshold" or alarm.number("threshold") != 1:
        said.append(f"fires below {alarm.number('threshold') or 0:.0f}; up is 1")
    periods = alarm.number("evaluation_periods") or 0
    seconds = periods * (alarm.number("period") or 0)
    if not ALARM_S[0] <= seconds <= ALARM_S[1] or not ALARM_PERIODS[0] <= periods <= ALARM_PERIODS[1]:
        said.append(f"looks at {periods:.0f} periods, {seconds:.0f} s")
    if alarm.number("datapoints_to_alarm") != periods:
        said.append("fires on a part of what it looks at, so on a flapping metric")
    return said
