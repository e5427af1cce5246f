"""Flows that have two ends: what one policy lets out another lets in, to a port that listens, on both sites."""

from collections.abc import Iterator
from ipaddress import ip_network

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.flows import NAME, labels_of, listed, opens, ports, reached
from suites.policy.workloads import WORKLOADS, container_ports, pod_labels, selects

KUBERNETES = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"

AGREED = Control(
    id="ZT-202",
    title="Every flow that one workload's policy allows MUST be allowed by the policy at its other end",
    system="zerotrust",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KUBERNETES}#the-two-sorts-of-pod-isolation",
    remedy="Write the egress rule of the caller and the ingress rule of the called with the same ports.",
    frameworks={"nist": "AC-4", "soc2": "CC6.6"},
    relates=("NetworkPolicy", "Namespace", "Rollout"),
    mutants=[
        edit("NetworkPolicy", "standby:shop/orders", {"spec": {"ingress": None}}, says="is not heard"),
        edit("NetworkPolicy", "primary:rate-limit/rate-limit", {"spec": {"egress": None}}, says="may not speak"),
    ],
)


@checks(AGREED)
def test_both_ends_agree(platform: Platform) -> None:
    """What one end lets out the other lets in, and the reverse, between workloads named by their labels."""

    def agreed(policy: Item) -> Iterator[str]:
        taken = [
            one
            for one in platform.all(*WORKLOADS, site=policy.site, namespace=policy.namespace)
            if policy.mapping("spec.podSelector") and selects(policy.get("spec.podSelector"), pod_labels(one))
        ]
        for way, ends, back, word in (
            ("egress", "to", "ingress", "is not heard by"),
            ("ingress", "from", "egress", "may not speak, as expected by"),
        ):
            for rule in policy.mappings(f"spec.{way}"):
                named = [peer for peer in listed(rule, ends) if peer.get("podSelector")]
                for other in [found for peer in named for found in reached(platform, policy, peer)]:
                    for one in taken:
                        there = opens(platform, other, one, back)
                        speaks, hears = (one, other) if way == "egress" else (other, one)
                        served = ports(rule) & set(container_ports(hears))
                        if None not in there and (missing := served - there):
                            yield f"{speaks.name} {word} {hears.name} on {sorted(map(str, missing))}"

    findings = judge(platform.all("NetworkPolicy"), agreed)

    assert not findings.broken, findings.table()


#: istiod serves certificates here to the proxies of every namespace: the one port that all may reach.
FOR_ALL = frozenset({15012})

NAMED = Control(
    id="ZT-203",
    title="Every namespace that a policy names MUST be declared, and none MUST stand for all of them",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KUBERNETES}#behavior-of-to-and-from-selectors",
    remedy="Name the peer's namespace by its label and declare that namespace.",
    frameworks={"nist": "AC-4", "pci": "1.3.1", "soc2": "CC6.6"},
    relates=("NetworkPolicy", "Namespace"),
    mutants=[
        edit(
            "NetworkPolicy",
            "primary:shop/allow-scraping",
            {"spec": {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": None}}]}]}},
            says="takes every namespace",
        ),
        edit(
            "NetworkPolicy",
            "standby:shop/allow-scraping",
            {"spec": {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {NAME: "metering"}}}]}]}},
            says="takes no namespace",
        ),
    ],
)

#: Kubernetes makes these itself.
GIVEN = frozenset({"kube-system", "default", "flux-system"})


@checks(NAMED)
def test_every_peer_is_a_declared_namespace(platform: Platform) -> None:
    """A namespace selector takes some namespaces, not all and not none."""

    def named(policy: Item) -> Iterator[str]:
        spaces = [labels_of(one) for one in platform.all("Namespace", site=policy.site)]
        spaces += [{NAME: one} for one in GIVEN]
        for way, ends in (("ingress", "from"), ("egress", "to")):
            for rule in policy.mappings(f"spec.{way}"):
                scraper = way == "egress" and "ports" not in rule
                for peer in listed(rule, ends):
                    selector = peer.get("namespaceSelector")
                    if selector is not None and not any(selects(selector, one) for one in spaces):
                        yield f"{way}: {selector} takes no namespace"
                    if selector == {} and not scraper and not ports(rule) <= FOR_ALL:
                        yield f"{way}: a peer takes every namespace on {sorted(map(str, ports(rule)))}"
                    if selector is not None and peer.get("podSelector", selector) == {} and selector != {}:
                        yield f"{way}: a peer takes every pod of {selector}"

    findings = judge(platform.all("NetworkPolicy"), named)

    assert not findings.broken, findings.table()


#: No route of the platform is wider than the largest private range, 10.0.0.0/8.
WIDEST_BITS = 8

BOUNDED = Control(
    id="ZT-204",
    title="Every block of addresses that a policy opens MUST be no wider than the largest private range",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.rfc-editor.org/rfc/rfc1918",
    remedy="Name the range in which the peer stands; where the internet is meant, except every private range.",
    frameworks={"nist": "SC-7(5)", "pci": "1.3.2"},
    mutants=[
        edit(
            "NetworkPolicy",
            "primary:data/pgbouncer",
            {"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "8.0.0.0/7"}}]}]}},
            says="8.0.0.0/7",
        ),
    ],
)


@checks(BOUNDED)
def test_no_block_is_wider_than_private(platform: Platform) -> None:
    """The internet with its exceptions, or a range that the platform has."""

    def bounded(policy: Item) -> Iterator[str]:
        for way, ends in (("ingress", "from"), ("egress", "to")):
            for rule in policy.mappings(f"spec.{way}"):
                for block in (peer["ipBlock"] for peer in listed(rule, ends) if "ipBlock" in peer):
                    width = ip_network(str(block.get("cidr"))).prefixlen  # type: ignore[attr-defined]
                    if width < WIDEST_BITS and (width or not block.get("except")):  # type: ignore[attr-defined]
                        yield f"{way}: {block.get('cidr')} is wider than /{WIDEST_BITS}"  # type: ignore[attr-defined]

    findings = judge(platform.all("NetworkPolicy"), bounded)

    assert not findings.broken, findings.table()


SAME = Control(
    id="ZT-205",
    title="Every flow inside the cluster that one site allows MUST be allowed on the other, where both have the pods that it is about",
    system="zerotrust",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html",
    remedy="Keep the policy in the base that both sites include; only blocks of addresses differ between clouds.",
    frameworks={"nist": "CP-7", "soc2": "A1.2"},
    relates=("NetworkPolicy", "Namespace", "Deployment"),
    mutants=[
        edit(
            "NetworkPolicy",
            "standby:argocd/controllers",
            {"spec": {"ingress": [{"ports": [{"port": 63790}]}]}},
            says="does not allow what",
        ),
        remove("NetworkPolicy", "primary:shop/payments", says="is missing on primary"),
    ],
)


def _flows(policy: Item) -> dict[str, object]:
    """Each rule whose peers are pods, or anyone, by a stable text."""
    return {
        f"{way} {sorted(str(one) for one in listed(rule, 'ports'))} {sorted(str(one) for one in listed(rule, ends))}": rule
        for way, ends in (("ingress", "from"), ("egress", "to"))
        for rule in policy.mappings(f"spec.{way}")
        if all("ipBlock" not in peer for peer in listed(rule, ends))
    }


@checks(SAME)
def test_both_sites_let_the_same_flow(platform: Platform) -> None:
    """After a failover no call meets a wall that was not there before."""
    policies = {(one.site, one.namespace, one.name): one for one in platform.all("NetworkPolicy")}
    spaces = {(one.site, one.name) for one in platform.all("Namespace")}

    def taken(policy: Item, site: str) -> set[str]:
        there = platform.all(*WORKLOADS, site=site, namespace=policy.namespace)
        return {one.name for one in there if selects(policy.get("spec.podSelector"), pod_labels(one))}

    def same(policy: Item) -> Iterator[str]:
        for site in {site for site, name in spaces if name == policy.namespace} - {policy.site}:
            other = policies.get((site, policy.namespace, policy.name))
            if other is None:
                if _flows(policy) and (taken(policy, site) or not taken(policy, policy.site)):
                    yield f"is missing on {site}"
                continue
            for text in sorted(_flows(policy).keys() - _flows(other).keys()):
                yield f"{site} does not allow what {policy.site} does: {text}"

    findings = judge(platform.all("NetworkPolicy"), same)

    assert not findings.broken, findings.table()


#: What stands outside the cluster, by port: HTTPS, the API server, the databases, the broker, the counters, and the
#: addresses at which the clouds hand out identities.
OUTSIDE = {443: "https", 6443: "API server", 5432: "PostgreSQL", 6379: "Valkey", 9098: "Kafka over IAM", 80: "identity"}
OUTSIDE |= {988: "identity on GKE", 10250: "kubelet", 31767: "chaos daemon"}
OUTSIDE |= {15443: "east-west gateway of the other site"}

KNOWN = Control(
    id="ZT-206",
    title="Every port that a policy opens to a block of addresses MUST be that of a service known to stand there",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=KUBERNETES,
    remedy="Open the port of the managed service; add a new service's port to the list with its reason.",
    frameworks={"nist": "CM-7", "pci": "1.2.5"},
    mutants=[
        edit(
            "NetworkPolicy",
            "standby:istio-system/istiod",
            {"spec": {"egress": [{"ports": [{"port": 44}]}]}},
            says="44",
        ),
    ],
)


@checks(KNOWN)
def test_every_outside_port_is_known(platform: Platform) -> None:
    """Out of the cluster go only protocols that somebody named."""

    def known(policy: Item) -> Iterator[str]:
        for rule in policy.mappings("spec.egress"):
            if any("ipBlock" in peer for peer in listed(rule, "to")):
                yield from (f"opens {one} to addresses" for one in sorted(ports(rule) - OUTSIDE.keys(), key=str))

    findings = judge(platform.all("NetworkPolicy"), known)

    assert not findings.broken, findings.table()
