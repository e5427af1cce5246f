"""Injected faults: where an experiment names them and nowhere else, and no longer than it lasts."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from fixtures.calls import PORT, Call, from_mesh
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.envoy import Envoy
from meshproof.probes.http import Reply, Request
from meshproof.targets.protocols import Mesh
from suites.mesh.truth_table import FETCHED

SHOWN_BY = ("embedded", "kind")
SERVICE: Final = "payments"
#: An experiment marks its own requests with this header.
NAMED: Final = {"x-experiment": "meshproof"}
#: A status that no service of the shop has.
ABORTED: Final = 418
#: Seconds that the fault adds before it aborts; Envoy's timers go by the millisecond, and may be one early.
DELAY_S: Final = 0.2
EARLY_S: Final = 0.005
#: What is hurt, in Envoy's own words for a route's fault.
FAULT: Final = re.compile(r'"envoy\.filters\.http\.fault": \{[^{]*("(?:abort|delay)": \{[^}]*\})')

FAULTS = Control(
    id="ROUTE-109",
    title="An injected fault MUST meet only the requests that its experiment names, and none once it is taken back",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPFaultInjection",
    remedy="Take the fault out of the declared routes: an experiment adds a route of its own that a header selects.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2"},
    mutants=[
        edit(
            "VirtualService",
            "shop/payments",
            {"spec": {"http": [{"fault": {"abort": {"httpStatus": 418, "percentage": {"value": 100}}}}]}},
            says="GET /payments of payments by orders-0 meets a fault that no experiment named",
        ),
        edit(
            "VirtualService",
            "shop/orders-public",
            {"spec": {"http": [{"fault": {"delay": {"fixedDelay": "0.2s", "percentage": {"value": 100}}}}]}},
            says='holds a fault that no experiment named: "delay"',
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What one call met: `named` by the experiment that runs meanwhile or not, and the reply."""

    what: str
    named: bool
    reply: Reply


@checks(FAULTS)
def test_a_fault_meets_what_the_experiment_names(mesh_alone: Mesh) -> None:
    """No proxy holds a fault; then calls that name the experiment and calls that do not, during and after it."""
    seen: list[Observed[str | Met]] = [*_held(mesh_alone), *_met(mesh_alone)]
    findings = judge(seen, _is_as_named)

    assert not findings.broken, findings.table()


def _held(mesh: Mesh) -> Iterator[Observed[str]]:
    """The faults in the configuration of every proxy, or an empty word."""
    for process in mesh.processes():
        routes = json.dumps(Envoy(process.admin).config(resource="dynamic_route_configs"))
        found = FAULT.findall(routes)
        yield mesh.observed(process, ", ".join(found))


def _met(mesh: Mesh) -> Iterator[Observed[Met]]:
    own = next(one for one in from_mesh(mesh) if one.service == SERVICE and one.method == "GET")
    with _experiment(mesh):
        yield _sent(mesh, own, named=True)
        yield _sent(mesh, own, named=False)
    yield _sent(mesh, own, named=False, headers=NAMED)


def _sent(mesh: Mesh, call: Call, *, named: bool, headers: Mapping[str, str] | None = None) -> Observed[Met]:
    request = Request(host=f"{call.host}:{PORT}", path=call.path, headers=headers or (NAMED if named else {}))
    reply = mesh.through(call.caller, request, port=PORT)
    return mesh.observed(call.caller, Met(what=call.name, named=named, reply=reply))


@contextmanager
def _experiment(mesh: Mesh) -> Iterator[None]:
    """A route before all others, for the requests that carry the header alone."""
    (record,) = (one for one in mesh.declared("VirtualService", site="primary") if one.name == SERVICE)
    declared: Any = record.values
    match = {"headers": {name: {"exact": value} for name, value in NAMED.items()}}
    always = {"percentage": {"value": 100}}
    fault = {"abort": {"httpStatus": ABORTED, **always}, "delay": {"fixedDelay": f"{DELAY_S}s", **always}}
    own = {**declared["spec"]["http"][0], "name": "experiment", "match": [match], "fault": fault}
    mesh.apply("primary", {**declared, "spec": {**declared["spec"], "http": [own, *declared["spec"]["http"]]}})
    try:
        yield
    finally:
        mesh.apply("primary", declared)


def _is_as_named(seen: Observed[str | Met]) -> str | None:
    met = seen.value
    if isinstance(met, str):
        return f"holds a fault that no experiment named: {met}" if met else None
    reply = met.reply.seen("the caller's proxy")
    if met.named:
        hurt = reply.status == ABORTED and reply.seconds >= DELAY_S - EARLY_S
        return (
            None if hurt else f"{met.what} does not meet the fault that names it: {reply} after {reply.seconds:.2f} s"
        )
    return None if FETCHED in reply.headers else f"{met.what} meets a fault that no experiment named: {reply}"
