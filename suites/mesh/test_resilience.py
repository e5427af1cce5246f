"""What callers feel of a service that fails: ejection, the other site in its place, and back."""

from collections.abc import Iterator
from typing import Any, Final

from fixtures.calls import PORT, Call, ejected, failed_of, healed_after, site_of
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


@checks(EJECTION)
def test_an_endpoint_that_fails_is_left_alone(mesh_alone: Mesh) -> None:
    """The near catalogue fails: until the declared number of errors it is asked, then the other site is, then it."""
    findings = judge([_ejection(mesh_alone)], _is_ejected_and_returns)

    assert not findings.broken, findings.table()


def _ejection(mesh: Mesh) -> Observed[tuple[int, bool, list[str]]]:
    """The number of errors, whether one fewer was too few, and which site answers: after them, and after healing."""
    record = _rule(mesh)
    policy: Any = record.values["spec"]["trafficPolicy"]  # type: ignore[index]
    errors = min(int(policy.get("outlierDetection", {}).get("consecutive5xxErrors", MOST_ERRORS)), MOST_ERRORS)
    call = _read(mesh)
    call.send(mesh)  # one that succeeds: the count begins here
    if any(ejected(call.caller, CLUSTER)):
        message = (
            f"an endpoint of {SERVICE} is left alone before any was made to fail: nothing can be seen of when it is"
        )
        raise ProbeError(message)
    with healed_after(mesh):
        failed = failed_of(call.caller, CLUSTER)
        for _ in range(errors - 1):
            call.send(mesh, "codes=500")
        early = any(ejected(call.caller, CLUSTER))
        _require_only(errors - 1, failed_of(call.caller, CLUSTER) - failed)
        call.send(mesh, "codes=500")
        sites = [site_of(call.send(mesh)) if _is_out(call) else "primary"]
    sites.append(_site_soon(mesh, "primary"))
    return Observed(
        address=record.address,
        place=record.place,
        value=(errors, early, sites),
        assurance=Assurance.OBSERVED_UNDER_FAULT,
        fidelity=Fidelity.SCALED,  # it returns after a tenth of a second, not after the declared time
    )


def _require_only(made: int, failed: int) -> None:
    """Make sure that no try failed but those that were made to. Raises ProbeError."""
    if failed > made:
        message = f"{failed} tries failed and {made} were made to: this machine is too slow for the declared timeouts"
        raise ProbeError(message)


def _is_ejected_and_returns(seen: Observed[tuple[int, bool, list[str]]]) -> Iterator[str]:
    errors, early, (after, healed) = seen.value
    if early:
        yield f"ejected after {errors - 1} errors, {errors} declared"
    if after == "primary":
        yield f"the near endpoint is still asked after {errors} errors in a row"
    if not after:
        yield "the other site does not answer in its place"
    if healed != "primary":
        yield f"{healed or 'nobody'} answers when the near endpoint is well again"


def _is_out(call: Call) -> bool:
    """Whether the caller's proxy leaves the near endpoint alone, given a moment."""
    try:
        until(lambda: any(ejected(call.caller, CLUSTER)), bool, within_s=EJECTED_WITHIN_S, what="ejection")
    except NotYet:
        return False
    return True


def _read(mesh: Mesh) -> Call:
    return Call(caller=mesh.process("orders"), service=SERVICE, method="GET", path=f"/{SERVICE}")


def _rule(mesh: Mesh) -> Record:
    return next(one for one in mesh.declared("DestinationRule", site="primary") if one.name == SERVICE)


def _site_soon(mesh: Mesh, wanted: str) -> str:
    """The site that answers, given a moment to become the wanted one."""
    seen = [""]

    def ask() -> str:
        seen[0] = site_of(_read(mesh).send(mesh))
        return seen[0]

    try:
        return until(ask, lambda site: site == wanted, within_s=EJECTED_WITHIN_S, what=f"an answer of {wanted}").value
    except NotYet:
        return seen[0]
