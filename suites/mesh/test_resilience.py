"""What callers feel of a service that fails: ejection, the other site in its place, and back."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fixtures.calls import PORT, Call, Endpoint, endpoints, failing, healed_after, site_of
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import Record
from meshproof.errors import NotYet, ProbeError
from meshproof.observation import Observed
from meshproof.targets.protocols import Mesh
from meshproof.verdict import Assurance, Fidelity
from meshproof.waiting import until

SHOWN_BY = ("embedded", "kind")
OUTLIERS = "https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection"
SERVICE: Final = "catalogue"
CLUSTER: Final = f"outbound|{PORT}||{SERVICE}.shop.svc.cluster.local"
#: More errors in a row than a customer should meet before an endpoint is left alone.
MOST_ERRORS: Final = 10
#: The proxy ejects on its main thread, a moment after the error.
EJECTED_WITHIN_S: Final = 2.0
#: What a near endpoint answers that was made to fail.
FAILS_WITH: Final = 500
#: So many answers of one site are no luck where the other would take its share.
IN_A_ROW: Final = 10
#: A part of the calls goes to the other site as soon as one of several near endpoints is left alone.
MOST_CALLS: Final = 100

EJECTION = Control(
    id="RESIL-101",
    title="An endpoint that fails as often in a row as declared MUST be left alone, and asked again when it is well",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=OUTLIERS,
    remedy="Declare outlierDetection.consecutive5xxErrors, ten at most, in the service's DestinationRule.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2"},
    mutants=[
        edit(
            "DestinationRule",
            "shop/catalogue",
            {"spec": {"trafficPolicy": {"outlierDetection": None}}},
            says="still asked after 10 errors",
        ),
        edit(
            "DestinationRule",
            "shop/catalogue",
            {"spec": {"trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 60}}}},
            says="still asked after 10 errors",
        ),
        remove("Gateway", "standby:istio-ingress/eastwest", says="the other site does not answer"),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejection:
    """The declared number of errors, a smaller one that was enough (or 0), and which site answers: then, and healed.

    `is_asked`: a near endpoint was asked after so many, so that nobody else was to answer.
    """

    errors: int
    early: int
    is_asked: bool
    after: str
    healed: str


@checks(EJECTION)
def test_an_endpoint_that_fails_is_left_alone(mesh_alone: Mesh) -> None:
    """The near catalogue fails: until the declared number of errors it is asked, then the other site is, then it."""
    findings = judge([_ejection(mesh_alone)], _is_ejected_and_returns)

    assert not findings.broken, findings.table()


def _ejection(mesh: Mesh) -> Observed[Ejection]:
    record = _rule(mesh)
    policy: Any = record.values["spec"]["trafficPolicy"]  # type: ignore[index]
    errors = min(int(policy.get("outlierDetection", {}).get("consecutive5xxErrors", MOST_ERRORS)), MOST_ERRORS)
    call = _read(mesh)
    _answer_well(mesh, call)
    with healed_after(mesh), failing(mesh, SERVICE, FAILS_WITH):
        early, is_asked = _failed(mesh, call, errors, _in_use(call))
        site = "" if is_asked else _site_soon(mesh, "standby")
    healed = _site_soon(mesh, "primary")
    value = Ejection(errors=errors, early=early, is_asked=is_asked, after=site, healed=healed)
    return Observed(
        address=record.address,
        place=record.place,
        value=value,
        assurance=Assurance.OBSERVED_UNDER_FAULT,
        fidelity=Fidelity.SCALED,  # it returns after a tenth of a second, not after the declared time
    )


def _answer_well(mesh: Mesh, call: Call) -> None:
    """Ask until every near endpoint that failed before has answered well: that is no part of a row then."""
    met = {one.address: one.well for one in _near(call)}

    def silent() -> list[str]:
        call.send(mesh)
        return [one.address for one in _near(call) if one.failed and one.well == met.get(one.address)]

    until(silent, lambda left: not left, within_s=EJECTED_WITHIN_S, what=f"an answer of each endpoint of {SERVICE}")


def _in_use(call: Call) -> list[Endpoint]:
    """The endpoints, none of which is left alone. Raises ProbeError: of one that is, nothing can be seen of when."""
    found = endpoints(call.caller, CLUSTER)
    if out := [one.address for one in found if one.is_ejected]:
        message = f"{', '.join(out)} of {SERVICE} is left alone before it was made to fail"
        raise ProbeError(message)
    return found


def _failed(mesh: Mesh, call: Call, errors: int, before: Sequence[Endpoint]) -> tuple[int, bool]:
    """Ask while the near endpoints fail until all of them are left alone, or one is not after more errors than declared.

    Returns after how many errors one was left alone that had not answered so many (0 where none was), and whether one
    was asked once more. Raises ProbeError where a try failed at them that was not made to, or where neither comes.
    """
    met = {one.address: one.failed for one in before}
    early = made = 0
    for _ in range(MOST_CALLS):
        made += call.send(mesh).status == FAILS_WITH
        # An autoscaler may add one meanwhile, which has answered nothing before.
        near = [(one, one.failed - met.get(one.address, 0)) for one in _near(call)]
        _require_only(made, sum(failed for _, failed in near))
        early = early or next((failed for one, failed in near if one.is_ejected and failed < errors), 0)
        _await_out(call, {one.address for one, failed in near if failed >= errors})
        asked = {one.address for one in _near(call) if not one.is_ejected}
        if not asked:
            return early, False
        if any(failed > errors and one.address in asked for one, failed in near):
            return early, True
    message = f"{MOST_CALLS} calls did not bring every near endpoint of {SERVICE} to {errors} errors"
    raise ProbeError(message)


def _near(call: Call) -> list[Endpoint]:
    return [one for one in endpoints(call.caller, CLUSTER) if one.is_near]


def _require_only(made: int, failed: int) -> None:
    """Make sure that no try failed but those that were made to. Raises ProbeError."""
    if failed > made:
        message = f"{failed} tries failed and {made} were made to: this machine is too slow for the declared timeouts"
        raise ProbeError(message)


def _is_ejected_and_returns(seen: Observed[Ejection]) -> Iterator[str]:
    value = seen.value
    if value.early:
        yield f"ejected after {value.early} errors, {value.errors} declared"
    if value.is_asked:
        yield f"the near endpoint is still asked after {value.errors} errors in a row"
    elif value.after == "primary":
        yield "the near site answers although all of its endpoints are left alone"
    elif not value.after:
        yield "the other site does not answer in its place"
    if value.healed != "primary":
        yield f"{value.healed or 'nobody'} answers when the near endpoint is well again"


def _await_out(call: Call, addresses: Collection[str]) -> None:
    """Give the caller's proxy a moment to leave these endpoints alone."""

    def asked() -> list[str]:
        return [one.address for one in endpoints(call.caller, CLUSTER) if not one.is_ejected]

    with suppress(NotYet):
        until(asked, lambda found: not set(found) & set(addresses), within_s=EJECTED_WITHIN_S, what="ejection")


def _read(mesh: Mesh) -> Call:
    return Call(caller=mesh.process("orders"), service=SERVICE, method="GET", path=f"/{SERVICE}")


def _rule(mesh: Mesh) -> Record:
    return next(one for one in mesh.declared("DestinationRule", site="primary") if one.name == SERVICE)


def _site_soon(mesh: Mesh, wanted: str) -> str:
    """The site that answers one call after another, given a moment to become the wanted one; or else another that does.

    One of several near endpoints that is left alone already sends a part of the calls to the other site, and workers of
    a proxy hear of the next one a second later.
    """
    seen: list[str] = []

    def ask() -> str:
        seen.append(site_of(_read(mesh).send(mesh)))
        return seen[-1]

    what = f"answers of {wanted} alone"
    try:
        return until(ask, wanted.__eq__, within_s=EJECTED_WITHIN_S, in_a_row=IN_A_ROW, what=what).value
    except NotYet:
        return next(one for one in reversed(seen) if one != wanted)
