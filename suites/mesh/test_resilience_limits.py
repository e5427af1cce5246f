"""What a service does under more than it can take: refuse at once, in words that a caller can tell from a failure."""

from typing import Any, Final

from fixtures.calls import PORT, SHOP, healed_after, seconds
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.burst import Burst, Load, burst
from meshproof.probes.http import Request
from meshproof.targets.protocols import Mesh

SHOWN_BY = ("embedded", "kind")
SERVICE: Final = "payments"
HOST: Final = f"{SERVICE}.{SHOP}.svc.cluster.local:{PORT}"
#: A pod's share of the declared peak several times over: whatever takes all of it has no limit.
FLOOD: Final = 1600
LIMIT: Final = "x-rate-limited-by"
TOO_MANY: Final = 429

POD_LIMIT = Control(
    id="RESIL-103",
    title="A pod MUST answer 429 in its own name to more requests than its token bucket holds",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/#local-rate-limit",
    remedy="Keep the EnvoyFilter local-rate-limit before the router of every sidecar, enabled and enforced for all.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-5"},
    mutants=[
        remove("EnvoyFilter", "shop/local-rate-limit", says="took 1600 of 1600"),
        edit(
            "EnvoyFilter",
            "shop/local-rate-limit",
            {
                "spec": {
                    "configPatches": [
                        {"patch": {"value": {"typed_config": {"filter_enforced": {"default_value": {"numerator": 0}}}}}}
                    ]
                }
            },
            says="took 1600 of 1600",
        ),
    ],
)


@checks(POD_LIMIT)
def test_a_pod_refuses_what_its_bucket_does_not_hold(mesh_alone: Mesh) -> None:
    """Flooded by a caller that it knows, the pod takes what its bucket holds and was refilled with meanwhile."""
    findings = judge([_flood(mesh_alone)], _is_limited)

    assert not findings.broken, findings.table()


def _flood(mesh: Mesh) -> Observed[tuple[Any, Burst]]:
    process = mesh.process(SERVICE)
    load = Load(
        request=Request(host=HOST, path=f"/{SERVICE}"),
        count=FLOOD,
        connections=8,
        mark=LIMIT,
        tls=mesh.client(mesh.spiffe(SHOP, "orders")),
    )
    filters = [one for one in mesh.declared("EnvoyFilter", site="primary") if one.name == "local-rate-limit"]
    spec: Any = filters[0].values["spec"] if filters else None
    bucket = spec["configPatches"][0]["patch"]["value"]["typed_config"]["token_bucket"] if spec else None
    return mesh.observed(process, (bucket, burst(process.address, PORT, load)))


def _is_limited(seen: Observed[tuple[Any, Burst]]) -> str | None:
    bucket, found = seen.value
    taken = found.total - found.statuses.get(TOO_MANY, 0)
    if bucket is None:
        return f"took {taken} of {found.total} at once: {found}"
    fills = found.seconds / seconds(bucket["fill_interval"]) + 1
    most = bucket["max_tokens"] + fills * bucket["tokens_per_fill"]
    if most >= found.total:
        message = f"the load was too slow to reach the limit: {found}"
        raise ProbeError(message)
    if taken == found.total:
        return f"took {taken} of {found.total} at once: {found}"
    if taken > most or taken < bucket["max_tokens"]:
        return f"took {taken} of {found.total}, the bucket held {most:.0f}: {found}"
    unmarked = found.statuses[TOO_MANY] - found.marked.get("pod", 0)
    return f"{unmarked} answers of 429 do not say that the pod refused" if unmarked else None


OVERFLOW = Control(
    id="RESIL-104",
    title="A caller MUST be refused at once when a service's connections and queue are full",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/traffic-management/circuit-breaking/",
    remedy="Bound maxConnections, http1MaxPendingRequests and http2MaxRequests in the service's DestinationRule.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-5"},
    mutants=[
        edit(
            "DestinationRule",
            "shop/payments",
            {
                "spec": {
                    "trafficPolicy": {
                        "connectionPool": {
                            "tcp": {"maxConnections": 5000},
                            "http": {"http1MaxPendingRequests": 5000, "http2MaxRequests": 5000},
                        }
                    }
                }
            },
            says="none of 600",
        ),
    ],
)
#: Twice what the declared pool and queue hold together.
CROWD: Final = 600
OVERLOADED: Final = "x-envoy-overloaded"
#: Each takes this long, and is cut at the route's perTryTimeout of about as much.
HOLDS_S: Final = 1.0


@checks(OVERFLOW)
def test_a_full_service_refuses_at_once(mesh_alone: Mesh) -> None:
    """So many callers at once that pool and queue overflow: the rest is told so, by the caller's own proxy."""
    with healed_after(mesh_alone):
        findings = judge([_crowd(mesh_alone)], _is_refused_at_once)

    assert not findings.broken, findings.table()


def _crowd(mesh: Mesh) -> Observed[tuple[int, Burst]]:
    (record,) = (one for one in mesh.declared("DestinationRule", site="primary") if one.name == SERVICE)
    spec: Any = record.values["spec"]
    pool = spec["trafficPolicy"]["connectionPool"]
    room = int(pool["tcp"]["maxConnections"]) + int(pool["http"]["http1MaxPendingRequests"])
    load = Load(
        request=Request(host=HOST, path=f"/{SERVICE}?delay={HOLDS_S:.0f}s", method="POST"),
        count=CROWD,
        connections=CROWD,
        mark=OVERLOADED,
    )
    found = burst(mesh.process("orders").outbound, PORT, load)
    return Observed(address=record.address, place=record.place, value=(room, found))


def _is_refused_at_once(seen: Observed[tuple[int, Burst]]) -> str | None:
    room, found = seen.value
    refused = sum(found.marked.values())
    if refused:
        return None
    if room < found.total <= room * (1 + found.sent_s / HOLDS_S):
        message = f"the load was too slow to fill {room} places: {found}"
        raise ProbeError(message)
    return f"none of {found.total} callers at once is refused: {found}"
