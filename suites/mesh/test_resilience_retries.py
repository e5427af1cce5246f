"""What a service that fails is asked on top of its load: its callers' retries, held by their budget."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fixtures.calls import PORT, SHOP, no_ejection, requests_of
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.burst import Burst, Load, burst
from meshproof.probes.http import Request
from meshproof.targets.protocols import Mesh
from meshproof.verdict import Assurance

SHOWN_BY = ("embedded", "kind")
SERVICE: Final = "catalogue"
HOST: Final = f"{SERVICE}.{SHOP}.svc.cluster.local"
CLUSTER: Final = f"outbound|{PORT}||{HOST}"

STORM = Control(
    id="RESIL-107",
    title="Retries of a service that fails MUST stay within its retry budget, however many callers retry at once",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/sre-book/handling-overload/",
    remedy="Declare retryBudget with a fifth of the active requests in the service's DestinationRule.",
    targets=SHOWN_BY,
    relates=("DestinationRule", "VirtualService"),
    frameworks={"nist": "SC-5", "soc2": "A1.2"},
    mutants=[
        edit(
            "DestinationRule",
            "shop/catalogue",
            {"spec": {"trafficPolicy": {"retryBudget": {"percent": 100}}}},
            says="was asked",
        ),
        edit(
            "DestinationRule",
            "shop/catalogue",
            {"spec": {"trafficPolicy": {"retryBudget": None, "connectionPool": {"http": {"maxRetries": 1000}}}}},
            says="was asked",
        ),
    ],
)
#: Callers at once: a fifth of them is more than the least that a budget always lets through.
CALLERS: Final = 40
#: What they ask together, and its retries, fit into the bucket of the one pod that answers: nothing else refuses.
ASKED: Final = 200
#: Each try takes so long that the retries of one round meet the first tries of the next.
FAILS: Final = "codes=503&delay=50ms"
#: The first and the last round have fewer requests on the way than the rounds between, of which the budget is a share.
ROUNDS_AT_THE_ENDS: Final = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stormed:
    """How often the service was asked for each request, what the budget makes of that at most, what callers got."""

    tries: float
    most: float
    found: Burst


@checks(STORM)
def test_a_storm_of_retries_is_held(mesh_alone: Mesh, as_built: Declaration) -> None:
    """Many callers at once read from a service that fails all of it: their proxy counts the tries."""
    with no_ejection(mesh_alone):
        findings = judge([_storm(mesh_alone, as_built)], _is_held)

    assert not findings.broken, findings.table()


def _storm(mesh: Mesh, as_built: Declaration) -> Observed[Stormed]:
    (record,) = (one for one in as_built.by_kind["DestinationRule"] if (one.site, one.name) == ("primary", SERVICE))
    spec: Any = record.values["spec"]
    share = float(spec["trafficPolicy"]["retryBudget"]["percent"]) / 100
    caller = mesh.process("orders")
    load = Load(request=Request(host=f"{HOST}:{PORT}", path=f"/{SERVICE}?{FAILS}"), count=ASKED, connections=CALLERS)
    before = requests_of(caller, CLUSTER)
    found = burst(caller.outbound, PORT, load)
    tries, most = (requests_of(caller, CLUSTER) - before) / ASKED, ROUNDS_AT_THE_ENDS / (1 - share)
    measure("tries for each request in a storm of retries", tries, "tries", objective=most)
    return Observed(
        address=record.address,
        place=record.place,
        value=Stormed(tries=tries, most=most, found=found),
        assurance=Assurance.OBSERVED_UNDER_FAULT,
    )


def _is_held(seen: Observed[Stormed]) -> Iterator[str]:
    storm = seen.value
    if storm.tries <= 1 or set(storm.found.statuses) != {503}:
        message = f"nothing was retried, or not all of it failed: {storm.tries:.2f} tries each, {storm.found}"
        raise ProbeError(message)
    if storm.tries > storm.most:
        yield f"the service was asked {storm.tries:.2f} times for each request, {storm.most:.2f} by the budget"
