"""Google's side of the network: firewall order, private APIs, NAT and the balancer's backends."""

import ipaddress

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

#: NAT: seconds below which a quiet but living connection is cut, and above which ports run out.
IDLE_S = {
    "tcp_established_idle_timeout_sec": (600, 3600),
    "tcp_transitory_idle_timeout_sec": (15, 60),
    "tcp_time_wait_timeout_sec": (60, 120),
    "udp_idle_timeout_sec": (15, 60),
    "icmp_idle_timeout_sec": (15, 60),
}
#: NAT: Google's least and most ports of a VM with dynamic allocation, and two addresses that fail apart.
PORTS, ADDRESSES = (32, 65536), 2
#: DNS: long enough to cache, short enough that a move is over within the quarter of an hour.
TTL_S = (60, 900)

FIREWALL = Control(
    id="NET-030",
    title="What no rule admits MUST be refused and logged in both directions, after every rule that admits",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/firewall/docs/firewalls",
    remedy="Deny all in both directions with the last priority; log every rule; refer each to the network.",
    relates=("google_compute_network", "google_compute_firewall"),
    frameworks={"nist": "SC-7(5)", "pci": "1.3.1", "cis": "GCP 3.6", "soc2": "CC6.6"},
    mutants=[
        remove("google_compute_firewall", '*deny["EGRESS"]', says="EGRESS"),
        edit("google_compute_firewall", '*deny["INGRESS"]', {"priority": 1}, says="after"),
        edit("google_compute_network", "*network.main", {"auto_create_subnetworks": True}, says="everywhere"),
    ],
)


@checks(FIREWALL)
def test_the_rest_is_refused(platform: Platform) -> None:
    """Each network refuses by default, logs what it decides and makes no subnets of its own accord."""

    def refuses(network: Item) -> list[str]:
        rules = platform.referrers(network, "google_compute_firewall")
        said = [] if network.get("auto_create_subnetworks") is False else ["makes subnets everywhere"]
        if network.get("delete_default_routes_on_create") is not True:
            said.append("keeps a way out that nobody declared")
        for way in ("INGRESS", "EGRESS"):
            denied = [one for one in rules if one.text("direction") == way and one.mappings("deny")]
            last = min((one.number("priority") or 0 for one in denied), default=0)
            admitted = [one for one in rules if one.text("direction") == way and one.mappings("allow")]
            if not denied or any((one.number("priority") or 0) >= last for one in admitted):
                said.append(f"does not refuse {way} after what is admitted")
            if len({one.number("priority") for one in admitted}) > 1:
                said.append(f"admits {way} by priorities that differ for no reason")
        said += [f"{one.address} is not logged" for one in rules if not one.mappings("log_config")]
        return said + [
            f"{one.address} decides nothing" for one in rules if not one.mappings("allow") + one.mappings("deny")
        ]

    findings = judge(platform.all("google_compute_network"), refuses)

    assert not findings.broken, findings.table()


NAT = Control(
    id="NET-031",
    title="A Cloud NAT MUST share its ports as they are needed, over two addresses, and log",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/nat/docs/ports-and-addresses",
    remedy="Allocate ports dynamically between powers of two; reserve two addresses; keep Google's idle times.",
    relates=("google_compute_router_nat", "google_compute_address", "google_compute_subnetwork"),
    frameworks={"nist": "SC-7", "soc2": "A1.1"},
    mutants=[
        edit("google_compute_router_nat", "*nat.main", {"min_ports_per_vm": 6}, says="6 to"),
        remove("google_compute_address", '*nat["b"]', says="1 addresses"),
    ],
)


@checks(NAT)
def test_nat_has_ports_and_addresses(platform: Platform) -> None:
    """Each NAT has two addresses, a subnet, dynamic ports within bounds, sane idle times and a log."""
    findings = judge(platform.all("google_compute_router_nat"), _nat)

    assert not findings.broken, findings.table()


def _nat(nat: Item) -> list[str]:
    said = []
    least, most = (int(nat.number(f"{name}_ports_per_vm") or 0) for name in ("min", "max"))
    powers = all(one > 0 and one & (one - 1) == 0 for one in (least, most))
    if not powers or not PORTS[0] <= least < most <= PORTS[1]:
        said.append(f"gives a VM {least} to {most} ports")
    if (
        nat.get("enable_dynamic_port_allocation") is not True
        or nat.get("enable_endpoint_independent_mapping") is not False
    ):
        said.append("cannot share its ports")
    if (count := len(nat.refers("nat_ips", "google_compute_address"))) < ADDRESSES:
        said.append(f"leaves by {count} addresses")
    if not nat.mappings("subnetwork") or not nat.refers("subnetwork", "google_compute_subnetwork"):
        said.append("serves no subnet")
    if nat.get("log_config.0.enable") is not True:
        said.append("does not log")
    for name, (least_s, most_s) in IDLE_S.items():
        if not least_s <= (given := nat.number(name) or 0) <= most_s:
            said.append(f"{name} is {given:.0f}, not {least_s} to {most_s}")
    return said


PRIVATE_APIS = Control(
    id="NET-032",
    title="Google's APIs MUST be named and reached by private addresses, by zones, route and firewall alike",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/vpc/docs/configure-private-google-access",
    remedy="Give each private zone an address record and a wildcard alias, and route the /30 of the addresses.",
    relates=("google_dns_managed_zone", "google_dns_record_set", "google_compute_route", "google_compute_firewall"),
    frameworks={"nist": "SC-20", "pci": "1.4.4", "soc2": "CC6.6"},
    mutants=[
        remove("google_dns_record_set", '*google_alias["gcr"]', says="lacks"),
        edit("google_dns_record_set", '*google_address["gcr"]', {"ttl": 86400}, says="86400"),
        remove("google_compute_route", "*route.google_apis", says="no route"),
    ],
)


@checks(PRIVATE_APIS)
def test_apis_are_private(platform: Platform) -> None:
    """Each private zone is seen by a network and answers with addresses that are routed and let out."""
    routed = {one.text("dest_range") for one in platform.all("google_compute_route")} - {"0.0.0.0/0"}
    let_out = {
        str(cidr)
        for one in platform.all("google_compute_firewall")
        if one.text("direction") == "EGRESS"
        for cidr in one.sequence("destination_ranges")
    }

    def private(zone: Item) -> list[str]:
        records = platform.referrers(zone, "google_dns_record_set")
        said = [
            f"lacks a record of type {one}" for one in sorted({"A", "CNAME"} - {one.text("type") for one in records})
        ]
        if not zone.mappings("private_visibility_config.0.networks"):
            said.append("is seen by no network")
        for one in records:
            if not TTL_S[0] <= (ttl := one.number("ttl") or 0) <= TTL_S[1]:
                said.append(f"{one.address} is cached for {ttl:.0f} s")
            for address in one.sequence("rrdatas") if one.text("type") == "A" else []:
                ours = ipaddress.ip_address(str(address))
                if not any(ours in ipaddress.ip_network(cidr) for cidr in routed & let_out):
                    said.append(f"{address} has no route or is not let out")
        return said

    zones = [one for one in platform.all("google_dns_managed_zone") if one.text("dns_name").endswith(_APIS)]
    findings = judge(zones, private)

    assert not findings.broken, findings.table()


#: Domains of Google's APIs and registries.
_APIS = ("googleapis.com.", "gcr.io.", "pkg.dev.")

BACKENDS = Control(
    id="NET-033",
    title="The standby's balancer MUST serve from three zones alike, leave a failing pod and log every request",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/load-balancing/docs/backend-service",
    remedy="Give each zone an equal backend at full capacity, outlier detection within bounds and full logging.",
    relates=("google_compute_backend_service", "google_compute_security_policy", "google_compute_health_check"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("google_compute_backend_service", "*.gateway", {"log_config": [{"sample_rate": 0.1}]}, says="0.1"),
        edit(
            "google_compute_backend_service",
            "*.gateway",
            {"backend": [{}, {"max_rate_per_endpoint": 50}]},
            says="alike",
        ),
    ],
)

ZONES = 3
#: How soon a pod is set aside and for how long: later than a blip, sooner than the health check's twenty seconds.
FAILURES, EJECT_S, SWEEP_S, EJECT_PERCENT = (3, 10), (15, 60), (5, 20), (34, 50)


@checks(BACKENDS)
def test_backends_are_alike(platform: Platform) -> None:
    """Each backend service spreads over zones, is guarded and probed, sets failing pods aside and logs."""
    findings = judge(platform.all("google_compute_backend_service"), _backends)

    assert not findings.broken, findings.table()


def _backends(service: Item) -> list[str]:
    backends = service.mappings("backend")
    alike = {
        (one.get("capacity_scaler"), one.get("max_rate_per_endpoint"), one.get("balancing_mode")) for one in backends
    }
    said = [] if len(backends) >= ZONES and len(alike) == 1 else [f"serves {len(backends)} zones, not {ZONES} alike"]
    if not service.refers("security_policy", "google_compute_security_policy") or not service.refers("health_checks"):
        said.append("is guarded or probed by nobody")
    if service.get("log_config.0.enable") is not True or service.number("log_config.0.sample_rate") != 1:
        said.append(f"logs a share of {service.number('log_config.0.sample_rate') or 0}")
    if service.get("enable_cdn") is not False:
        said.append("caches what is private")
    at = "outlier_detection.0"
    bounds = {
        "consecutive_errors": FAILURES,
        "consecutive_gateway_failure": FAILURES,
        "base_ejection_time.0.seconds": EJECT_S,
        "interval.0.seconds": SWEEP_S,
        "max_ejection_percent": EJECT_PERCENT,
        "enforcing_consecutive_gateway_failure": (100, 100),
        "enforcing_consecutive_errors": (0, 0),
        "enforcing_success_rate": (0, 0),
    }
    for name, (least, most) in bounds.items():
        if (given := service.number(f"{at}.{name}")) is None or not least <= given <= most:
            said.append(f"{name} is {given}, not {least} to {most}")
    return said
