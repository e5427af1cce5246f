"""Which packets may flow: default deny, agreed at both ends, between known ports."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of

KUBERNETES = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"

DENIED = Control(
    id="ZT-002",
    title="Every namespace MUST deny all traffic by default, both ways, and allow names to be resolved",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KUBERNETES}#default-deny-all-ingress-and-all-egress-traffic",
    remedy="Add a policy for all pods, of both types and without rules, and one that opens port 53 to the cluster's DNS.",
    frameworks={"nist": "SC-7", "cis": "5.3.2", "pci": "1.3.1", "soc2": "CC6.6"},
    relates=("Namespace", "NetworkPolicy"),
    mutants=[
        remove("NetworkPolicy", "primary:shop/default-deny", says="does not deny by default"),
        edit(
            "NetworkPolicy",
            "standby:data/allow-dns",
            {"spec": {"egress": [{"ports": [{"port": 5353}]}]}},
            says="cannot resolve names",
        ),
    ],
)


@checks(DENIED)
def test_every_namespace_denies_by_default(platform: Platform) -> None:
    """What no policy names does not flow, and names resolve over UDP and TCP."""

    def denies(namespace: Item) -> Iterator[str]:
        policies = platform.all("NetworkPolicy", site=namespace.site, namespace=namespace.name)
        general = [one for one in policies if one.get("spec.podSelector") == {}]
        if not any(
            {"Ingress", "Egress"} <= set(one.sequence("spec.policyTypes"))
            and not one.has("spec.ingress")
            and not one.has("spec.egress")
            for one in general
        ):
            yield "does not deny by default, both ways"
        dns = {
            (port.get("port"), port.get("protocol"))
            for one in general
            for rule in one.mappings("spec.egress")
            if _narrow(rule.get("to"))
            for port in _list(rule, "ports")
        }
        if not {(53, "UDP"), (53, "TCP")} <= dns:
            yield "cannot resolve names: port 53 is not open to the DNS over UDP and TCP"

    findings = judge(platform.all("Namespace"), denies)

    assert not findings.broken, findings.table()


def _list(node: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = node.get(key)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, (list, tuple)) else []


def _narrow(peers: object) -> bool:
    """Whether peers are named by namespace and pod."""
    return isinstance(peers, (list, tuple)) and all(
        one.get("namespaceSelector") and one.get("podSelector") for one in peers
    )


#: TCP and UDP count ports in 16 bits.
HIGHEST_PORT = 65535

#: Ports on which the API server and kubelets call webhooks: they have no labels and no address known beforehand.
WEBHOOKS = frozenset({10250, 15017})

NARROW = Control(
    id="ZT-003",
    title="Every allowed flow MUST name its peers and its ports, and never the whole internet with what is private in it",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=KUBERNETES,
    remedy="Give each rule peers and ports; bound ipBlocks, and except every private range where the internet is meant.",
    frameworks={"nist": "SC-7(5)", "pci": "1.3.2", "soc2": "CC6.6"},
    mutants=[
        edit("NetworkPolicy", "primary:shop/orders", {"spec": {"ingress": [{"from": None}]}}, says="anyone"),
        edit(
            "NetworkPolicy",
            "primary:shop/catalogue",
            {"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]}},
            says="0.0.0.0/0",
        ),
        edit("NetworkPolicy", "standby:shop/payments", {"spec": {"ingress": [{"ports": None}]}}, says="every port"),
    ],
)

#: What nobody on the internet has: RFC 1918.
PRIVATE = tuple(ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@checks(NARROW)
def test_every_flow_is_narrow(platform: Platform) -> None:
    """No rule opens a port to all, all ports to one, or the internet together with the inside."""
    findings = judge(platform.all("NetworkPolicy"), _narrowly)

    assert not findings.broken, findings.table()


def _narrowly(policy: Item) -> Iterator[str]:
    for way, ends in (("ingress", "from"), ("egress", "to")):
        stated = way.capitalize() in policy.sequence("spec.policyTypes")
        if policy.has(f"spec.{way}") and not stated:
            yield f"has {way} rules but is not of that type"
        for rule in policy.mappings(f"spec.{way}"):
            ports, peers = _list(rule, "ports"), _list(rule, ends)
            numbers = {one.get("port") for one in ports}
            inside = way == "egress" and "ports" not in rule and all("ipBlock" not in one for one in peers)  # a scraper
            if not inside and (
                not ports
                or None in numbers
                or not all(isinstance(one, str) or 0 < (number_of(one) or 0) <= HIGHEST_PORT for one in numbers)
            ):
                yield f"{way}: opens every port, or none, by {sorted(map(str, numbers))}"
            if not peers and not numbers <= WEBHOOKS:
                yield f"{way}: anyone on {sorted(map(str, numbers))}"
            for peer in peers:
                yield from (f"{way}: {text}" for text in _peer(peer))


def _peer(peer: Mapping[str, object]) -> Iterator[str]:
    block = peer.get("ipBlock")
    if not peer or any(key in peer and peer[key] is None for key in peer):
        yield "a peer that names nobody"
    if not isinstance(block, Mapping):
        return
    network = ip_network(str(block.get("cidr")))
    holes = [ip_network(str(one)) for one in block.get("except") or ()]
    if network.prefixlen == 0 and not all(any(one.subnet_of(hole) for hole in holes) for one in PRIVATE):  # type: ignore[arg-type]
        yield f"{network} with what is private in it"
    if any(hole.prefixlen < 8 for hole in holes):  # noqa: PLR2004 - the widest private range
        yield f"{network} except nearly all of it"
