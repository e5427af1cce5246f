"""What a renewed certificate costs: nothing that a caller notices, and it is renewed in time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fixtures.calls import GATEWAY, PORT, SHOP
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Request
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Fidelity
from meshproof.waiting import until
from suites.mesh import promised

SHOWN_BY = ("embedded", "kind", "live")
#: Instead of the declared day: its declared share is then waited for in seconds, and a start of the pod fits before.
LIFETIME_S: Final = 16.0
#: istiod dates a certificate back by this much, for clocks that are behind.
BACKDATED: Final = timedelta(minutes=2)
#: A second for the resolution of a certificate's dates, three for a loaded machine; a certificate that is replaced
#: only at its end is later than that.
LATE_S: Final = 4.0
#: New handshakes are the share of the load that meets the certificate; the rest is on connections that are kept.
FRESH_PER_S, KEPT_PER_S, CALLS_PER_S = 20.0, 60.0, 60.0
#: Of a fault that costs one request in a hundred, so many miss all once in 23,000 times (0.99 to the power of 1,000).
REQUESTS_AT_LEAST: Final = 1000
ENOUGH_WITHIN_S: Final = 20.0
FRESH, KEPT, CALLS = "new connections to orders", "kept connections to orders", "calls of catalogue by orders"

ROTATION = Control(
    id="MTLS-008",
    title="A certificate MUST be renewed in its declared share of its lifetime under load, without a failed request",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars",
    remedy="Let SECRET_GRACE_PERIOD_RATIO leave time for renewal, and set no lifetime of its own for a proxy.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-12", "pci": "3.7.4", "soc2": "CC6.1"},
    mutants=[
        edit(
            "HelmRelease",
            "primary:flux-system/istiod",
            {
                "spec": {
                    "values": {
                        "meshConfig": {"defaultConfig": {"proxyMetadata": {"SECRET_GRACE_PERIOD_RATIO": "0.05"}}}
                    }
                }
            },
            says="is not renewed",
        ),
        edit(
            "VirtualService",
            "primary:shop/catalogue",
            {"spec": {"http": [{"fault": {"abort": {"percentage": {"value": 10}, "httpStatus": 503}}}]}},
            name="one-in-ten-calls-fails",
            says="calls of catalogue by orders failed",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What callers saw around one renewal: `age_s` is the age at which a certificate was replaced, if it was.

    `due_s` is the declared age, `watched_s` the age up to which nothing else was shown.
    """

    flow: Flow
    age_s: float | None
    due_s: float
    watched_s: float


@checks(ROTATION)
def test_a_certificate_is_renewed_under_load(mesh: Mesh, as_built: Declaration) -> None:
    """A pod of orders whose certificate lasts seconds instead of a day, called and calling all the while."""
    findings = judge([_rotated(mesh, as_built)], _is_renewed_unnoticed)

    assert not findings.broken, findings.table()


def _rotated(mesh: Mesh, as_built: Declaration) -> Observed[Rotated]:
    like = mesh.process("orders")
    lasts = {"SECRET_TTL": f"{LIFETIME_S:.0f}s"}
    with leased() as addresses, guest(mesh, like, name="orders-guest", addresses=addresses, environment=lasts) as pod:
        seen = _watched(mesh, pod, _due_s(as_built, pod.site))
    if seen.age_s is not None:
        latest_s = seen.due_s + LATE_S
        measure("age of a certificate when it was renewed", seen.age_s, "s", objective=latest_s)
    measure("requests around one renewal", len(seen.flow.arrivals), "requests", objective=REQUESTS_AT_LEAST)
    measure("failed requests around one renewal", len(seen.flow.failed), "requests", objective=0)
    one = mesh.observed(like, seen)
    return replace(one, fidelity=Fidelity.SCALED)


def _due_s(as_built: Declaration, site: str) -> float:
    """The age at which a certificate of that lifetime is renewed as declared."""
    metadata: Any = promised.mesh_config(as_built, site)["defaultConfig"]["proxyMetadata"]
    return LIFETIME_S * (1 - float(metadata["SECRET_GRACE_PERIOD_RATIO"]))


def _watched(mesh: Mesh, pod: ProcessState, due_s: float) -> Rotated:
    """Load until new handshakes show another certificate, or it is too late for one, or a request failed."""
    with flowing(*_streams(mesh, pod)) as flow:

        def is_decided() -> bool:
            shown = flow.shown(FRESH)
            late = bool(shown) and _age_s(shown[0], datetime.now(UTC)) > due_s + LATE_S
            return late or len(shown) > 1 or bool(flow.failed)

        def is_enough() -> bool:
            return len(flow.arrivals) >= REQUESTS_AT_LEAST or bool(flow.failed)

        until(is_decided, bool, within_s=2 * LIFETIME_S, what=f"a handshake with {pod.name}")
        until(is_enough, bool, within_s=ENOUGH_WITHIN_S, what=f"{REQUESTS_AT_LEAST} requests")
    shown = flow.shown(FRESH)
    if not shown:
        message = f"{pod.name} never showed a certificate, so that no renewal was seen"
        raise ProbeError(message)
    return Rotated(
        flow=flow,
        age_s=_age_s(shown[0], shown[1].at) if len(shown) > 1 else None,
        due_s=due_s,
        watched_s=_age_s(shown[0], datetime.now(UTC)),
    )


def _age_s(seen: Arrival, when: datetime) -> float:
    """How old the certificate that a request was shown is at a time; a second is the resolution of its dates."""
    assert seen.shown is not None
    return (when - seen.shown.not_valid_before_utc - BACKDATED).total_seconds()


def _streams(mesh: Mesh, pod: ProcessState) -> Iterator[Stream]:
    (port,) = pod.local
    caller = mesh.client(mesh.spiffe("istio-ingress", GATEWAY))
    ready = Request(host=f"orders.{SHOP}.svc.cluster.local", path="/healthz/ready")
    for name, per_s in ((FRESH, FRESH_PER_S), (KEPT, KEPT_PER_S)):
        yield Stream(
            name=name,
            address=pod.address,
            port=port,
            request=ready,
            per_s=per_s,
            tls=caller,
            fresh=name == FRESH,
        )
    read = Request(host=f"catalogue.{SHOP}.svc.cluster.local:{PORT}", path="/catalogue")
    yield Stream(name=CALLS, address=pod.outbound, port=PORT, request=read, per_s=CALLS_PER_S)


def _is_renewed_unnoticed(seen: Observed[Rotated]) -> Iterator[str]:
    got = seen.value
    total = len(got.flow.arrivals)
    for name in (FRESH, KEPT, CALLS):
        if failed := [one for one in got.flow.failed if one.stream == name]:
            yield f"{len(failed)} of {total} requests failed around a renewal; {name} failed: {failed[0]}"
    if got.age_s is None and got.watched_s > got.due_s + LATE_S:
        yield f"is not renewed at {got.due_s:.1f} s of {LIFETIME_S:.0f} s as declared, nor up to {got.watched_s:.1f} s"
