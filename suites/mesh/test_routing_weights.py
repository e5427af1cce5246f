"""Whether traffic is split and mirrored as a canary's shares say, decided by a test whose error rates are stated."""

from typing import Any, Final

from fixtures.calls import PORT, SHOP, requests_of
from fixtures.sampling import Plan, plan
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.burst import Load, burst
from meshproof.probes.http import Request
from meshproof.targets.protocols import Mesh, Process

SHOWN_BY = ("embedded", "kind")
#: 70/30 must be told from 65/35: five points more or less are a canary that takes a sixth more than it was given.
STABLE: Final = 70
OTHER: Final = 65
FALSE_ALARM: Final = 1e-6
MISS: Final = 1e-3
CONNECTIONS: Final = 8
#: Requests sent ahead on each connection: the caller's own proxy answers every one of them.
AHEAD: Final = 20
SERVICE: Final = "payments"
HOST: Final = f"{SERVICE}.{SHOP}.svc.cluster.local"
SUBSETS: Final = ("stable", "canary")

WEIGHTS = Control(
    id="ROUTE-105",
    title="Traffic MUST be split between the stable and the canary subset as the route's weights say",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://argo-rollouts.readthedocs.io/en/stable/features/traffic-management/istio/",
    remedy="Give each route of the service one destination for each subset, stable first, and no other.",
    targets=SHOWN_BY,
    frameworks={"nist": "CM-3"},
    mutants=[
        edit(
            "VirtualService",
            "shop/payments",
            {"spec": {"http": [{}, {"route": [{}, {"destination": {"subset": "stable"}}]}]}},
            says="went to stable",
        ),
    ],
)


@checks(WEIGHTS)
def test_weights_are_kept(mesh_alone: Mesh) -> None:
    """With weights as a canary step sets them, the caller's proxy sends each subset its share of the writes."""
    samples = plan(STABLE / 100, OTHER / 100, false_alarm=FALSE_ALARM, miss=MISS)
    findings = judge([_split(mesh_alone, samples)], _is_as_weighted)

    assert not findings.broken, findings.table()


def _split(mesh: Mesh, samples: Plan) -> Observed[tuple[Plan, int, int]]:
    """The shares that the proxy counted; a reply that its limit refuses was sent to a subset all the same."""
    (record,) = (one for one in mesh.declared("VirtualService", site="primary") if one.name == SERVICE)
    caller = mesh.process("orders")
    declared: Any = dict(record.values)
    mesh.apply("primary", _weighted(declared))
    try:
        stable, canary = _sent(caller, "POST", samples.samples)
    finally:
        mesh.apply("primary", declared)
    return Observed(address=record.address, place=record.place, value=(samples, stable, canary))


def _sent(caller: Process, method: str, count: int) -> tuple[int, int]:
    """How many of so many requests the caller's proxy has sent to the stable subset, and how many to the canary."""
    load = Load(
        request=Request(host=f"{HOST}:{PORT}", path=f"/{SERVICE}", method=method),
        count=count,
        connections=CONNECTIONS,
        ahead=AHEAD,
    )
    before = [requests_of(caller, f"outbound|{PORT}|{one}|{HOST}") for one in SUBSETS]
    burst(caller.outbound, PORT, load)
    after = [requests_of(caller, f"outbound|{PORT}|{one}|{HOST}") for one in SUBSETS]
    stable, canary = (now - then for now, then in zip(after, before, strict=True))
    return stable, canary


def _weighted(declared: Any) -> Any:
    """As Argo Rollouts writes it: the weights of each route's two destinations, nothing else."""
    split = []
    for route in declared["spec"]["http"]:
        stable, canary = route["route"]
        weights = [{**stable, "weight": STABLE}, {**canary, "weight": 100 - STABLE}]
        split.append({**route, "route": weights})
    return {**declared, "spec": {**declared["spec"], "http": split}}


def _is_as_weighted(seen: Observed[tuple[Plan, int, int]]) -> str | None:
    samples, stable, canary = seen.value
    if stable + canary == samples.samples and samples.least <= stable <= samples.most:
        return None
    wanted = f"{samples.least} to {samples.most} of {samples.samples}"
    return f"{stable} went to stable and {canary} to canary, with weights {STABLE} and {100 - STABLE}: {wanted}"


MIRROR = Control(
    id="ROUTE-106",
    title="Reads MUST be mirrored to the canary in the declared share, and callers MUST get the stable answer alone",
    system="delivery",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/traffic-management/mirroring/",
    remedy="Give the route of the service's reads one mirror, the canary subset, with the share in percent.",
    targets=SHOWN_BY,
    frameworks={"nist": "CM-3"},
    mutants=[
        edit("VirtualService", "shop/payments", {"spec": {"http": [{"mirrors": None}]}}, says="0 were mirrored"),
        edit(
            "VirtualService",
            "shop/payments",
            {"spec": {"http": [{"mirrors": [{"percentage": {"value": 10}}]}]}},
            says="were mirrored, 5% declared",
        ),
    ],
)


@checks(MIRROR)
def test_reads_are_mirrored_in_the_declared_share(mesh_alone: Mesh, as_built: Declaration) -> None:
    """The caller's proxy counts what it sends to each subset, told from half the share and from twice as much."""
    findings = judge([_mirrored(mesh_alone, as_built)], _is_as_shared)

    assert not findings.broken, findings.table()


def _mirrored(mesh: Mesh, as_built: Declaration) -> Observed[tuple[float, Plan, int, int]]:
    (record,) = (one for one in as_built.by_kind["VirtualService"] if (one.site, one.name) == ("primary", SERVICE))
    spec: Any = record.values["spec"]
    share = float(spec["http"][0]["mirrors"][0]["percentage"]["value"]) / 100
    samples = plan(share, share / 2, false_alarm=FALSE_ALARM, miss=MISS)
    stable, canary = _sent(mesh.process("orders"), "GET", samples.samples)
    return Observed(address=record.address, place=record.place, value=(share, samples, stable, canary))


def _is_as_shared(seen: Observed[tuple[float, Plan, int, int]]) -> str | None:
    share, samples, stable, mirrored = seen.value
    if stable != samples.samples:
        return f"{stable} of {samples.samples} reads were answered by stable"
    if samples.least <= mirrored <= samples.most:
        return None
    return f"of {stable} reads {mirrored} were mirrored, {share:.0%} declared: {samples.least} to {samples.most}"
