"""The running Alertmanagers: unprivileged, spread, with a memory, and agreed among themselves before the next page."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import outside, seconds

AGREED = Control(
    id="INC-005",
    title="Alertmanagers MUST remember their silences, agree before the next notification, and run unprivileged in several zones",
    system="incident",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus.io/docs/alerting/latest/alertmanager/#high-availability",
    remedy="Give a volume, a user of its own, cluster times within their bounds, and leave the cluster's port to itself.",
    relates=("Alertmanager", "ServiceAccount"),
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    mutants=[
        edit("Alertmanager", "primary:monitoring/platform", {"spec": {"storage": None}}, says="forgets its silences"),
        edit(
            "Alertmanager",
            "standby:monitoring/platform",
            {"spec": {"clusterPeerTimeout": "150s"}},
            says="the wait for peers",
        ),
        edit(
            "Alertmanager",
            "primary:monitoring/platform",
            {"spec": {"securityContext": {"runAsUser": 0}}},
            says="runs as 0, 10001, 10001",
        ),
    ],
)

#: The cluster's own times: gossip reaches all within a second, a whole exchange mends what it lost within two minutes.
TIMES_S = {"clusterGossipInterval": (0.1, 1.0), "clusterPushpullInterval": (15.0, 120.0)}

#: Users below this are the system's, above it no image has its own.
USERS = (10_000, 65_534)

#: What the peers speak on (--cluster.listen-address); a proxy on its way would hide who asks.
CLUSTER_PORT = "9094"

EXCLUDED = ("excludeInboundPorts", "excludeOutboundPorts")


@checks(AGREED)
def test_alertmanagers_agree_and_remember(platform: Platform) -> None:
    """Losing one of them loses no silence and doubles no page."""
    routes = [one for one in platform.all("Alertmanager") if one.has("route")]
    shortest = min((seconds(one.get("route.group_interval")) or 0 for one in routes), default=0)
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}

    def agrees(manager: Item) -> Iterator[str | None]:
        yield from _runs(manager)
        if (manager.site, manager.namespace, manager.text("spec.serviceAccountName")) not in accounts:
            yield "runs as an account that nobody declared"
        for key, bounds in TIMES_S.items():
            yield outside(key, seconds(manager.get(f"spec.{key}")), bounds)
        # Each waits for those before it, so the last one waits for all of them.
        peers = (manager.number("spec.replicas") or 1) - 1
        waits = seconds(manager.get("spec.clusterPeerTimeout"))
        yield outside(
            "the wait for peers", waits, (2 * TIMES_S["clusterGossipInterval"][1], shortest / max(peers, 1) / 2)
        )

    managers = [one for one in platform.all("Alertmanager") if one.has("spec.replicas")]
    findings = judge(managers, lambda one: [text for text in agrees(one) if text])

    assert not findings.broken, findings.table()


def _runs(manager: Item) -> Iterator[str]:
    if not manager.has("spec.storage.volumeClaimTemplate.spec.resources.requests.storage"):
        yield "forgets its silences with its pod"
    if manager.get("spec.automountServiceAccountToken") is not False:
        yield "holds a token that it never uses"
    if manager.get("spec.forceEnableClusterMode") is not True:
        yield "decides alone while its peers are away"
    user, *groups = (
        manager.number(f"spec.securityContext.{key}") or 0 for key in ("runAsUser", "runAsGroup", "fsGroup")
    )
    if not USERS[0] <= user <= USERS[1] or {user} != set(groups):
        yield f"runs as {', '.join(f'{one:.0f}' for one in (user, *groups))}"
    labels = manager.mapping("spec.podMetadata.labels")
    spread = manager.mappings("spec.topologySpreadConstraints")
    chosen = [(one.get("labelSelector") or {}).get("matchLabels") for one in spread]
    if not any(one and one.items() <= labels.items() for one in chosen):
        yield "is spread over nothing"
    if labels.get("sidecar.istio.io/inject") == "true":
        notes = manager.mapping("spec.podMetadata.annotations")
        for key in EXCLUDED:
            if CLUSTER_PORT not in str(notes.get(f"traffic.sidecar.istio.io/{key}")).split(","):
                yield f"{key} leaves the cluster's port to the proxy"
    else:
        yield "sends pages from outside the mesh"
