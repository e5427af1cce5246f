"""A pod whose certificate lasts seconds, called and calling by the clock while it is renewed, or is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from fixtures.calls import GATEWAY, PORT, SHOP
from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Reply, Request, ask
from meshproof.targets.protocols import Mesh, Process
from meshproof.waiting import until
from suites.mesh import promised

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
WARM_WITHIN_S: Final = 10.0
GOOD: Final = 200
FRESH, KEPT, CALLS = "new connections to orders", "kept connections to orders", "calls of catalogue by orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a pod's certificate lasts, and at what age it is renewed as declared."""

    lasts_s: float
    due_s: float

    @classmethod
    def declared(cls, as_built: Declaration, site: str, lasts_s: float) -> Lifetime:
        """A lifetime of these seconds, renewed in its declared share."""
        metadata: Any = promised.mesh_config(as_built, site)["defaultConfig"]["proxyMetadata"]
        return cls(lasts_s=lasts_s, due_s=lasts_s * (1 - float(metadata["SECRET_GRACE_PERIOD_RATIO"])))

    @property
    def environment(self) -> dict[str, str]:
        """What the pod's agent asks for."""
        return {"SECRET_TTL": f"{self.lasts_s:.0f}s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What callers saw: the age at which each certificate was replaced, and that of the last one in the end."""

    flow: Flow
    lifetime: Lifetime
    wanted: int
    ages_s: list[float]
    last_s: float


def renewed(mesh: Mesh, pod: Process, lifetime: Lifetime, *, wanted: int) -> Renewed:
    """Load until so many renewals were seen by new handshakes, or it is too late for one, or a request failed."""
    warm(mesh, pod)
    with flowing(*streams(mesh, pod)) as flow:

        def is_decided() -> bool:
            shown = flow.shown(FRESH)
            late = bool(shown) and age_s(shown[-1], datetime.now(UTC)) > lifetime.due_s + LATE_S
            return late or len(shown) > wanted or bool(flow.failed)

        def is_enough() -> bool:
            return len(flow.arrivals) >= REQUESTS_AT_LEAST or bool(flow.failed)

        longest_s = (wanted + 1) * lifetime.lasts_s
        until(is_decided, bool, within_s=longest_s, what=f"a handshake with {pod.name}")
        until(is_enough, bool, within_s=ENOUGH_WITHIN_S, what=f"{REQUESTS_AT_LEAST} requests")
    shown = flow.shown(FRESH)
    if not shown:
        message = f"{pod.name} never showed a certificate, so that no renewal was seen"
        raise ProbeError(message)
    return Renewed(
        flow=flow,
        lifetime=lifetime,
        wanted=wanted,
        ages_s=[age_s(one, other.at) for one, other in pairwise(shown)],
        last_s=age_s(shown[-1], datetime.now(UTC)),
    )


def warm(mesh: Mesh, pod: Process) -> None:
    """Use the pod's ways in and out a few times, one after the other: a load must not find every connection unopened."""
    ways = list(streams(mesh, pod))

    def answers() -> list[Reply]:
        return [ask(one.address, one.port, one.request, tls=one.tls, sni="outbound_.mesh") for one in ways]

    def are_good(replies: list[Reply]) -> bool:
        return all(one.status == GOOD for one in replies)

    until(answers, are_good, within_s=WARM_WITHIN_S, in_a_row=3, what=f"{pod.name} called and calling")


def streams(mesh: Mesh, pod: Process) -> Iterator[Stream]:
    """New and kept connections to the pod under the gateway's identity, and the pod's own calls through its proxy."""
    (port,) = pod.local
    caller = mesh.client(mesh.spiffe("istio-ingress", GATEWAY))
    ready = Request(host=f"orders.{SHOP}.svc.cluster.local", path="/healthz/ready")
    for name, per_s in ((FRESH, FRESH_PER_S), (KEPT, KEPT_PER_S)):
        yield Stream(
            name=name, address=pod.address, port=port, request=ready, per_s=per_s, tls=caller, fresh=name == FRESH
        )
    read = Request(host=f"catalogue.{SHOP}.svc.cluster.local:{PORT}", path="/catalogue")
    yield Stream(name=CALLS, address=pod.outbound, port=PORT, request=read, per_s=CALLS_PER_S)


def age_s(seen: Arrival, when: datetime) -> float:
    """How old the certificate that a request was shown is at a time; a second is the resolution of its dates."""
    if seen.shown is None:
        message = f"{seen}: no certificate was shown"
        raise ProbeError(message)
    return (when - seen.shown.not_valid_before_utc - BACKDATED).total_seconds()


def is_unnoticed(got: Renewed) -> Iterator[str]:
    """Complaints about a request that failed, or a certificate that was not replaced in its time."""
    for name in (FRESH, KEPT, CALLS):
        if failed := [one for one in got.flow.failed if one.stream == name]:
            yield f"{len(failed)} of {len(got.flow.arrivals)} requests failed; {name} failed: {failed[0]}"
    due_s, lasts_s = got.lifetime.due_s, got.lifetime.lasts_s
    if len(got.ages_s) < got.wanted and got.last_s > due_s + LATE_S:
        yield f"is not renewed at {due_s:.1f} s of {lasts_s:.0f} s as declared, nor up to {got.last_s:.1f} s"
