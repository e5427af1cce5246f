"""Ports that a policy names: somebody listens on each, inside the cluster and outside."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.workloads import PROXY_PORTS, WORKLOADS, container_ports, pod_labels, selects

LISTENS = Control(
    id="ZT-201",
    title="Every port that a policy opens into a workload MUST be one on which its pods or their proxy listen",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/services-networking/network-policies/",
    remedy="Open the containerPort that the peer serves; remove the port when nothing listens there any more.",
    frameworks={"nist": "CM-7", "pci": "1.2.5", "soc2": "CC6.6"},
    relates=("NetworkPolicy", "Deployment", "Rollout"),
    mutants=[
        edit(
            "NetworkPolicy",
            "primary:rate-limit/rate-limit",
            {"spec": {"ingress": [{"ports": [{"port": 808}]}]}},
            says="nobody listens on 808",
        ),
        edit(
            "NetworkPolicy",
            "standby:shop/allow-scraping",
            {"spec": {"ingress": [{"ports": [{"port": 1502}]}]}},
            says="nobody listens on 1502",
        ),
    ],
)


@checks(LISTENS)
def test_every_open_port_listens(platform: Platform) -> None:
    """No hole in the wall leads to a port without a listener."""

    def listens(policy: Item) -> Iterator[str]:
        taken = [
            one
            for one in platform.all(*WORKLOADS, site=policy.site, namespace=policy.namespace)
            if selects(policy.get("spec.podSelector"), pod_labels(one))
        ]
        known: set[object] = {port for one in taken for port in container_ports(one)} | PROXY_PORTS
        for rule in policy.mappings("spec.ingress") if taken else ():
            yield from (f"nobody listens on {port}" for port in sorted(_ports(rule) - known, key=str))

    findings = judge(platform.all("NetworkPolicy"), listens)

    assert not findings.broken, findings.table()


def _ports(rule: Mapping[str, object]) -> set[object]:
    ports = rule.get("ports")
    return {one.get("port") for one in ports} if isinstance(ports, (list, tuple)) else set()


REACHES = Control(
    id="CACHE-009",
    title="Whoever is told a cache's address MUST be let out to it on the port on which the cache answers",
    system="cache",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/memorystore/docs/valkey/about-multiple-vpc-networking",
    remedy="Open the cache's port in the egress of the service's network policy, and no other for the cache.",
    frameworks={"nist": "AC-4", "soc2": "CC6.6"},
    relates=(
        "ConfigMap",
        "NetworkPolicy",
        "Rollout",
        "aws_elasticache_replication_group",
        "google_memorystore_instance",
    ),
    mutants=[
        edit(
            "NetworkPolicy",
            "standby:shop/catalogue",
            {"spec": {"egress": [{}, {"ports": [{"port": 6378}]}]}},
            says="is not let out on 6379",
        ),
        edit("aws_elasticache_replication_group", "module.primary_cache.*", {"port": 6380}, says="not let out on 6380"),
    ],
)

#: Memorystore for Valkey answers on this port, with TLS and without, and lets nobody choose another.
MEMORYSTORE_PORT = 6379


@checks(REACHES)
def test_caches_can_be_reached(platform: Platform) -> None:
    """The address that a service is given, and the wall around it, speak of one port."""
    caches = ("aws_elasticache_replication_group", "google_memorystore_instance")
    told = {
        (settings.site, settings.namespace, settings.name): cache
        for settings in platform.all("ConfigMap")
        for fact in settings.refers("data", "fact")
        for cache in fact.refers("value")
        if cache.kind in caches
    }

    def reaches(workload: Item) -> Iterator[str]:
        cache = told[workload.site, workload.namespace, workload.name]
        port = int(cache.number("port") or 0) if cache.kind == caches[0] else MEMORYSTORE_PORT
        open_ = {
            one
            for policy in platform.all("NetworkPolicy", site=workload.site, namespace=workload.namespace)
            if selects(policy.get("spec.podSelector"), pod_labels(workload))
            for rule in policy.mappings("spec.egress")
            if any("ipBlock" in peer for peer in rule.get("to") or ())
            for one in _ports(rule)
        }
        if port not in open_:
            yield f"is not let out on {port}, the port of {cache.address}"

    holders = [one for one in platform.all(*WORKLOADS) if (one.site, one.namespace, one.name) in told]
    findings = judge(holders, reaches)

    assert not findings.broken, findings.table()
