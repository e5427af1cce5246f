"""Whether traffic is split as a canary's weights say, decided by a test whose error rates are stated."""

from typing import Any, Final

from fixtures.calls import PORT, SHOP, requests_of
from fixtures.sampling import Plan, plan
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.burst import Load, burst
from meshproof.probes.http import Request
from meshproof.targets.embedded.mesh import Mesh

SHOWN_BY = ("embedded", "kind", "live")
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
            {"spec": {"http": [{"route": [{}, {"destination": {"subset": "stable"}}]}]}},
            says="went to stable",
        ),
    ],
)


@checks(WEIGHTS)
def test_weights_are_kept(mesh_alone: Mesh) -> None:
    """With weights as a canary step sets them, the caller's proxy sends each subset its share."""
    samples = plan(STABLE / 100, OTHER / 100, false_alarm=FALSE_ALARM, miss=MISS)
    findings = judge([_split(mesh_alone, samples)], _is_as_weighted)

    assert not findings.broken, findings.table()


def _split(mesh: Mesh, samples: Plan) -> Observed[tuple[Plan, int, int]]:
    """The shares that the proxy counted; a reply that its limit refuses was sent to a subset all the same."""
    (record,) = (one for one in mesh.declared("VirtualService", site="primary") if one.name == SERVICE)
    caller = mesh.process("orders")
    declared: Any = dict(record.values)
    load = Load(
        request=Request(host=f"{HOST}:{PORT}", path=f"/{SERVICE}"),
        count=samples.samples,
        connections=CONNECTIONS,
        ahead=AHEAD,
    )
    mesh.apply("primary", _weighted(declared))
    try:
        before = [requests_of(caller, f"outbound|{PORT}|{one}|{HOST}") for one in ("stable", "canary")]
        burst(caller.outbound, PORT, load)
        after = [requests_of(caller, f"outbound|{PORT}|{one}|{HOST}") for one in ("stable", "canary")]
    finally:
        mesh.apply("primary", declared)
    stable, canary = (now - then for now, then in zip(after, before, strict=True))
    return Observed(address=record.address, place=record.place, value=(samples, stable, canary))


def _weighted(declared: Any) -> Any:
    """As Argo Rollouts writes it: the weights of the first route's two destinations, nothing else."""
    first, *rest = declared["spec"]["http"]
    stable, canary = first["route"]
    split = [{**stable, "weight": STABLE}, {**canary, "weight": 100 - STABLE}]
    return {**declared, "spec": {**declared["spec"], "http": [{**first, "route": split}, *rest]}}


def _is_as_weighted(seen: Observed[tuple[Plan, int, int]]) -> str | None:
    samples, stable, canary = seen.value
    if stable + canary == samples.samples and samples.least <= stable <= samples.most:
        return None
    wanted = f"{samples.least} to {samples.most} of {samples.samples}"
    return f"{stable} went to stable and {canary} to canary, with weights {STABLE} and {100 - STABLE}: {wanted}"
