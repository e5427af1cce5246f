"""What an identity is worth after its end, while nobody can renew it, and how it comes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fixtures.calls import GATEWAY, no_ejection
from meshproof import Control, Level, Pillar, checks, edit, judge, measure, remove
from meshproof.declaration.model import Declaration
from meshproof.errors import NotYet, ProbeError
from meshproof.faults.stopped import stopped
from meshproof.observation import Observed
from meshproof.probes.admission import without_unknown
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Request
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.revision import revision
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Assurance, Fidelity
from meshproof.waiting import until
from suites.mesh.renewal import CALLS, FRESH, KEPT, Lifetime, streams, warm

SHOWN_BY = ("embedded",)
RULE: Final = "DestinationRule"
SERVICE: Final = "catalogue"
ENVOY_FILTER: Final = "EnvoyFilter"
LIMIT: Final = "identities-end"
#: Long enough that the control plane is stopped before the first renewal is due, on a loaded machine too.
LASTS_S: Final = 24.0
#: Instead of the declared half hour: what is measured is that the declared limit ends a connection at all.
KEPT_S: Final = 4.0
#: For a handshake that began in time, and for a loaded machine.
LATE_S: Final = 2.0
#: The agent tries again after a pause that doubles; the rest is for a loaded machine.
RECOVERS_WITHIN_S: Final = 40.0
#: Answers in a row that show that something is over.
IN_A_ROW: Final = 20

EXPIRED = Control(
    id="MTLS-010",
    title="An expired identity MUST open no connection, lose those it keeps in their declared time, and come back by itself",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings",
    remedy="State tcp.maxConnectionDuration in every DestinationRule, and let no proxy resume a session without a certificate.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "IA-5", "pci": "8.2.6", "soc2": "CC6.1"},
    mutants=[
        edit(
            RULE,
            "primary:shop/catalogue",
            {"spec": {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnectionDuration": None}}}}},
            says="keeps its access",
        ),
        remove(ENVOY_FILTER, f"primary:istio-system/{LIMIT}", says="keeps its access", name="sessions-resumed"),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """What callers of a pod and its own calls got: until the control plane came back, and whether they recovered.

    `ended` is when the last certificate that the pod showed was over, `back_s` how long recovery took.
    """

    flow: Flow
    ended: datetime
    returned: datetime
    back_s: float | None

    def after_end(self, stream: str) -> list[Arrival]:
        """Good answers to requests that arrived after the end and before the control plane came back."""
        rows = self.flow.of(stream)
        return [one for one in rows if one.good and self.ended < one.at < self.returned]

    @property
    def exposed_s(self) -> float:
        """How long after the end the pod's calls were still answered."""
        return max(((one.answered - self.ended).total_seconds() for one in self.after_end(CALLS)), default=0.0)


@checks(EXPIRED)
def test_an_expired_identity_loses_its_access(mesh_alone: Mesh, as_built: Declaration) -> None:
    """The control plane of one pod stands still for longer than that pod's certificate lasts, and goes on."""
    with no_ejection(mesh_alone), _kept_briefly(mesh_alone):
        seen = _expired(mesh_alone, as_built)
    measure("an expired identity kept its access for", seen.exposed_s, "s", objective=KEPT_S + LATE_S)
    if seen.back_s is not None:
        measure("from the control plane's return to no failed request", seen.back_s, "s", objective=RECOVERS_WITHIN_S)
    one = mesh_alone.observed(mesh_alone.process("orders"), seen)
    under_fault = Assurance.OBSERVED_UNDER_FAULT if one.assurance is Assurance.OBSERVED else one.assurance
    findings = judge([replace(one, fidelity=Fidelity.SCALED, assurance=under_fault)], _is_over)

    assert not findings.broken, findings.table()


@contextmanager
def _kept_briefly(mesh: Mesh) -> Iterator[None]:
    """Calls of the catalogue keep a connection for seconds, if the declaration limits it at all, until the block ends."""

    def briefly(rule: dict[str, Any]) -> bool:
        tcp = rule["spec"]["trafficPolicy"]["connectionPool"]["tcp"]
        limited = "maxConnectionDuration" in tcp
        tcp["maxConnectionDuration"] = f"{KEPT_S:.0f}s"
        return limited

    with _changed(mesh, RULE, SERVICE, briefly):
        yield


@contextmanager
def _held_briefly(mesh: Mesh) -> Iterator[None]:
    """Workloads keep a caller's connection for seconds, if the declaration limits it at all, until the block ends."""

    def briefly(found: dict[str, Any]) -> bool:
        configs = [one["patch"]["value"].get("typed_config", {}) for one in found["spec"]["configPatches"]]
        limits = [one["common_http_protocol_options"] for one in configs if "common_http_protocol_options" in one]
        for one in limits:
            one["max_connection_duration"] = f"{KEPT_S:.0f}s"
        return bool(limits)

    with _changed(mesh, ENVOY_FILTER, LIMIT, briefly):
        yield


@contextmanager
def _changed(mesh: Mesh, kind: str, name: str, change: Callable[[dict[str, Any]], bool]) -> Iterator[None]:
    """A declared object of the primary with a change that says whether it applies, until the end of the block."""
    for record in mesh.declared(kind, site="primary"):
        if record.name == name:
            declared = without_unknown(record.values)[0]
            changed = deepcopy(declared)
            if change(changed):
                try:
                    mesh.apply("primary", changed)
                    yield
                finally:
                    mesh.apply("primary", declared)
                return
    yield


def _expired(mesh: Mesh, as_built: Declaration) -> Expired:
    like = mesh.process("orders")
    lifetime = Lifetime.declared(as_built, like.site, LASTS_S)
    with (
        leased() as addresses,
        revision(mesh, like.site, name="away", addresses=addresses) as own,
        guest(
            mesh,
            like,
            name="orders-guest",
            addresses=addresses,
            environment=lifetime.environment,
            xds=own.control.xds,
        ) as pod,
    ):
        warm(mesh, pod)
        with flowing(*streams(mesh, pod)) as flow:
            with stopped(own.control.pid):
                ended = _await_end(flow, pod)
                returned = datetime.now(UTC)
            back_s = _await_recovery(flow)
    return Expired(flow=flow, ended=ended, returned=returned, back_s=back_s)


def _await_end(flow: Flow, pod: ProcessState) -> datetime:
    """Wait until nothing of the pod is answered any more, or the limit of its connections is long over."""
    shown = until(lambda: flow.shown(FRESH), bool, within_s=LASTS_S, what=f"a handshake with {pod.name}").value
    ends = [one.shown.not_valid_after_utc for one in shown if one.shown]
    over = ends[-1] + timedelta(seconds=KEPT_S + 2 * LATE_S)

    def is_over() -> bool:
        last = [one for name in (FRESH, CALLS) for one in flow.of(name)[-IN_A_ROW:]]
        return datetime.now(UTC) > over or (datetime.now(UTC) > ends[-1] and not any(one.good for one in last))

    until(is_over, bool, within_s=2 * LASTS_S, what="the end of the pod's certificate")
    return _last_end(flow)


def _last_end(flow: Flow) -> datetime:
    """When the last certificate that callers were shown is over."""
    ends = [one.shown.not_valid_after_utc for one in flow.shown(FRESH) if one.shown]
    if not ends:
        message = "the pod never showed a certificate"
        raise ProbeError(message)
    return ends[-1]


def _await_recovery(flow: Flow) -> float | None:
    def is_back() -> bool:
        return all(one.good for name in (FRESH, KEPT, CALLS) for one in flow.of(name)[-IN_A_ROW:])

    try:
        return until(is_back, bool, within_s=RECOVERS_WITHIN_S, what="every request answered again").seconds
    except NotYet:
        return None


def _is_over(seen: Observed[Expired]) -> Iterator[str]:
    got = seen.value
    early = [one for one in got.flow.failed if one.answered < got.ended]
    if early:
        yield f"{len(early)} requests failed while the certificate was valid: {early[0]}"
    fresh = [one for one in got.after_end(FRESH) if (one.at - got.ended).total_seconds() > LATE_S]
    if fresh:
        yield f"{len(fresh)} callers took a certificate that was over"
    if got.exposed_s > KEPT_S + LATE_S:
        yield f"keeps its access for {got.exposed_s:.1f} s after its end, connections are to last {KEPT_S:.0f} s"
    if got.back_s is None:
        yield f"does not come back within {RECOVERS_WITHIN_S:.0f} s of the control plane"


LINGERING = Control(
    id="MTLS-011",
    title="A caller whose certificate has ended MUST lose the connections that it keeps, in their declared time",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts#connection-timeouts",
    remedy="Limit max_connection_duration where callers arrive: a caller that keeps no limit of its own is no workload.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "AC-12", "pci": "8.2.6", "soc2": "CC6.1"},
    mutants=[remove(ENVOY_FILTER, f"primary:istio-system/{LIMIT}", says="is still answered")],
)
#: Long enough for a connection to be opened, ended at its limit and opened again before the end.
BRIEF_S: Final = 8.0
CALLER: Final = "a caller with a certificate of its own"


@checks(LINGERING)
def test_a_caller_outlives_its_certificate_by_no_more_than_declared(mesh_alone: Mesh) -> None:
    """A caller with a certificate of the mesh but without its proxy keeps its connections as long as it is let."""
    with _held_briefly(mesh_alone):
        findings = judge([_lingering(mesh_alone)], _is_let_go)

    assert not findings.broken, findings.table()


def _lingering(mesh: Mesh) -> Observed[tuple[Flow, datetime]]:
    process = mesh.process("orders")
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=BRIEF_S)
    tls = mesh.client(mesh.spiffe("istio-ingress", GATEWAY), ends=ends)
    request = Request(host=process.name, path="/healthz/ready")
    stream = Stream(
        name=CALLER, address=process.address, port=next(iter(process.local)), request=request, per_s=20.0, tls=tls
    )
    over = ends + timedelta(seconds=KEPT_S + 2 * LATE_S)
    with flowing(stream) as flow:

        def is_decided() -> bool:
            now = datetime.now(UTC)
            return now > over or (now > ends and not any(one.good for one in flow.of(CALLER)[-IN_A_ROW:]))

        until(is_decided, bool, within_s=BRIEF_S + KEPT_S + 4 * LATE_S, what="the end of the caller's certificate")
    exposed_s = _outlived_s(flow, ends)
    measure("a caller without a proxy kept its access after its end for", exposed_s, "s", objective=KEPT_S + LATE_S)
    return replace(mesh.observed(process, (flow, ends)), fidelity=Fidelity.SCALED)


def _outlived_s(flow: Flow, ends: datetime) -> float:
    return max((0.0, *((one.answered - ends).total_seconds() for one in flow.of(CALLER) if one.good)))


def _is_let_go(seen: Observed[tuple[Flow, datetime]]) -> Iterator[str]:
    flow, ends = seen.value
    before = [one for one in flow.of(CALLER) if one.answered < ends]
    if not any(one.good for one in before):
        message = f"{CALLER} was never answered, so that its end showed nothing"
        raise ProbeError(message)
    if failed := [one for one in before if not one.good]:
        yield f"{len(failed)} requests failed while the certificate was valid: {failed[0]}"
    if (after_s := _outlived_s(flow, ends)) > KEPT_S + LATE_S:
        yield f"{CALLER} is still answered {after_s:.1f} s after its end, connections are to last {KEPT_S:.0f} s"
