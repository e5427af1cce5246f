"""One platform on two sites: what meets, guards and watches the traffic is decided once."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Platform
from suites.policy.parity import counterparts, differences

DRIFT = (
    "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html"
)


def _apart(
    platform: Platform, kinds: tuple[str, ...], *, but: tuple[str, ...], alone: tuple[str, ...]
) -> dict[str, list[str]]:
    """By address, where an object decides otherwise than its counterpart on the other site, or has none.

    What stands in a namespace, or is named as a workload, that only one site has needs no counterpart; the kinds in
    `alone` never do.
    """
    found: dict[str, list[str]] = {}
    for one, two in counterparts(platform, *kinds):
        for path in differences(one, two, "spec", but=but):
            found.setdefault(two.address, []).append(f"differs from {one.site} at {path}")
    declared = {(one.site, one.kind, one.namespace, one.name) for one in platform.all(*kinds)}
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}
    spaces = {(site, namespace) for site, namespace, _ in accounts}
    for item in [one for one in platform.all(*kinds) if one.kind not in alone]:
        for site in set(platform.sites) - {item.site}:
            own = (item.site, item.namespace, item.name) in accounts
            wanted = (site, item.namespace) in spaces and (not own or (site, item.namespace, item.name) in accounts)
            if wanted and (site, item.kind, item.namespace, item.name) not in declared:
                found.setdefault(item.address, []).append(f"has no counterpart on {site}")
    return found


def _judged(platform: Platform, kinds: tuple[str, ...], *, but: tuple[str, ...], alone: tuple[str, ...] = ()) -> str:
    apart = _apart(platform, kinds, but=but, alone=alone)
    findings = judge(platform.all(*kinds), lambda one: apart.get(one.address))
    return findings.table() if findings.broken else ""


MESH = Control(
    id="MESH-005",
    title="Both sites MUST have the same mesh: gateways, scopes, doors out, identities and rights, with the same decisions",
    system="istio",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=DRIFT,
    remedy="Keep the object in the base that both sites include; let only facts differ.",
    frameworks={"nist": "CM-2", "soc2": "A1.2"},
    relates=("Gateway.networking.istio.io", "Sidecar", "ServiceEntry", "AuthorizationPolicy", "ServiceAccount"),
    mutants=[
        remove("Sidecar", "standby:shop/orders", says="has no counterpart on standby"),
        edit("ProxyConfig", "primary:istio-system/default", {"spec": {"concurrency": 20}}, says="at concurrency"),
        edit(
            "AuthorizationPolicy",
            "standby:istio-ingress/ingressgateway",
            {"spec": {"rules": [{}, None]}},
            says="differs from primary at rules",
        ),
    ],
)
_MESH = (
    "AuthorizationPolicy",
    "DestinationRule",
    "EnvoyFilter",
    "Gateway.networking.istio.io",
    "PeerAuthentication",
    "ProxyConfig",
    "RequestAuthentication",
    "ServiceEntry",
    "Sidecar",
    "VirtualService",
)
#: The port of a store is its cloud's; who may use a door follows from who is at home on the site.
_OF_THE_STORE = ("exportTo", "number")
#: What a site has to reach outside is judged by who reaches it.
_DOORS = ("ServiceEntry",)


@checks(MESH)
def test_both_sites_have_the_same_mesh(platform: Platform) -> None:
    """After a failover a call meets the same gates, the same walls and the same doors."""
    broken = _judged(platform, _MESH, but=_OF_THE_STORE, alone=_DOORS)

    assert not broken, broken


WATCH = Control(
    id="MET-022",
    title="Both sites MUST be watched alike: the same targets, rules, stores and routes, decided by the same numbers",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=DRIFT,
    remedy="Keep the object in the base that both sites include; size only memory by the site.",
    frameworks={"nist": "CM-2", "soc2": "CC7.2"},
    relates=("Prometheus", "Alertmanager", "ServiceMonitor", "PodMonitor", "Probe"),
    mutants=[
        edit("Alertmanager", "standby:monitoring/platform", {"spec": {"clusterGossipInterval": "2s"}}, says="at clusterGossipInterval"),
        edit("Prometheus", "primary:monitoring/platform", {"spec": {"walCompression": False}}, says="at walCompression"),
        remove("PodMonitor", "standby:monitoring/collectors", says="has no counterpart on standby"),
    ],
)  # fmt: skip
_WATCH = ("Alertmanager", "PodMonitor", "Probe", "Prometheus", "ServiceMonitor")


@checks(WATCH)
def test_both_sites_are_watched_alike(platform: Platform) -> None:
    """Nothing goes unseen because the traffic has moved."""
    broken = _judged(platform, _WATCH, but=("memory",))

    assert not broken, broken


RUN = Control(
    id="CON-010",
    title="What both sites run MUST be run alike: the same pods, ports, probes and Services, in any number",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=DRIFT,
    remedy="Keep the workload and its Service in the base that both sites include; let only replicas and facts differ.",
    frameworks={"nist": "CM-2", "soc2": "A1.2"},
    relates=("Deployment", "Service", "ExternalSecret", "ServiceAccount"),
    mutants=[
        edit(
            "Deployment",
            "standby:istio-egress/istio-egressgateway",
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 6}}}},
            says="at template.spec.terminationGracePeriodSeconds",
        ),
        edit("Service", "standby:istio-ingress/istio-eastwestgateway", {"spec": {"ports": [{"port": 1}]}}, says="at ports.0.port"),
    ],
)  # fmt: skip


@checks(RUN)
def test_both_sites_run_alike(platform: Platform) -> None:
    """Whoever has seen a workload on one site knows it on the other."""
    broken = _judged(
        platform, ("DaemonSet", "Deployment", "ExternalSecret", "Service", "StatefulSet"), but=("env", "replicas")
    )

    assert not broken, broken
