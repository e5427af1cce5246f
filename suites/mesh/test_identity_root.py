"""How the mesh changes the root of its trust: nobody notices, and nobody has to start again."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Final

from fixtures.calls import GATEWAY, PORT, SHOP, no_ejection
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.components.authority import Authority
from meshproof.declaration.model import Declaration
from meshproof.errors import NotYet
from meshproof.observation import Observed
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Request, ask
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest, joined, parted, together, trust
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.revision import Revision, revision, signer
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Fidelity
from meshproof.waiting import until
from suites.mesh.renewal import LATE_S, Lifetime, warm

SHOWN_BY = ("embedded",)
#: Each step of a rollover waits for one renewal of every workload: a day as declared, seconds here.
LASTS_S: Final = 20.0
#: How long the kubelet's change of a secret takes to be noticed, and a loaded machine to act on it.
NOTICED_S: Final = 5.0
#: A dropped root reaches the proxies by a push, not by a renewal: the delay of pushes, and a loaded machine.
DROPPED_WITHIN_S: Final = 15.0
CALLS: Final = "calls of catalogue by orders"
FRESH_PER_S, CALLS_PER_S = 10.0, 60.0
NEW_ROOT: Final = "another root of the mesh"
NEW_SIGNER: Final = "another signer of the primary"
#: A listener that reads a certificate and believes whoever signed it.
UNTRUSTED: Final = {
    "common_tls_context": {
        "combined_validation_context": {"default_validation_context": {"trust_chain_verification": "ACCEPT_UNTRUSTED"}}
    }
}

ROLLOVER = Control(
    id="MTLS-012",
    title="Another root MUST take over while both are trusted, without a failed request and without a restart",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/",
    remedy="Set ISTIO_MULTIROOT_MESH of istiod, and trust both roots before the new one signs.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SC-12", "pci": "3.7.5", "soc2": "CC6.1"},
    mutants=[
        edit(
            "HelmRelease",
            "primary:flux-system/istiod",
            {"spec": {"values": {"env": {"ISTIO_MULTIROOT_MESH": "false"}}}},
            says="is not signed by the new root",
        ),
        edit(
            "VirtualService",
            "primary:shop/catalogue",
            {"spec": {"http": [{"fault": {"abort": {"percentage": {"value": 10}, "httpStatus": 503}}}]}},
            name="one-in-ten-calls-fails",
            says="requests failed: calls of catalogue by orders",
        ),
        edit(
            "EnvoyFilter",
            "primary:istio-system/identities-end",
            {"spec": {"configPatches": [{"patch": {"value": {"transport_socket": {"typed_config": UNTRUSTED}}}}]}},
            name="any-signer-will-do",
            says="still lets in a caller of the root that was dropped",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """All requests that were made meanwhile, and the pods that still showed a certificate of the old signer.

    `open_to_old` are pods that let in a caller of the old root after it was dropped, None where it never was;
    `shut_s` is how long that took.
    """

    arrivals: tuple[Arrival, ...]
    failed: tuple[Arrival, ...]
    old: tuple[str, ...]
    open_to_old: tuple[str, ...] | None
    shut_s: float


@checks(ROLLOVER)
def test_another_root_takes_over_unnoticed(mesh_alone: Mesh, as_built: Declaration) -> None:
    """Both roots are trusted, then the new one signs, then only it is trusted: two pods call each other meanwhile."""
    with no_ejection(mesh_alone):
        seen = _rolled(mesh_alone, as_built)
    measure("requests while another root took over", len(seen.arrivals), "requests")
    measure("failed requests while another root took over", len(seen.failed), "requests", objective=0)
    if seen.open_to_old == ():
        measure("until a root that is dropped opens nothing", seen.shut_s, "s")
    one = replace(mesh_alone.observed(mesh_alone.process("orders"), seen), fidelity=Fidelity.SCALED)
    findings = judge([one], _is_unnoticed)

    assert not findings.broken, findings.table()


def _rolled(mesh: Mesh, as_built: Declaration) -> Rolled:
    """Two pods under a control plane of their own, the one serving in the place of the target's."""
    serves, calls = mesh.process("catalogue"), mesh.process("orders")
    lifetime = Lifetime.declared(as_built, calls.site, LASTS_S)
    new = Authority.new(NEW_ROOT)
    with ExitStack() as stack:
        addresses = stack.enter_context(leased())
        own = stack.enter_context(revision(mesh, calls.site, name="rolled", addresses=addresses))
        wanted = [
            guest(
                mesh,
                one,
                name=f"{one.labels['app']}-guest",
                addresses=addresses,
                environment=lifetime.environment,
                xds=own.control.xds,
            )
            for one in (serves, calls)
        ]
        pods = stack.enter_context(together(*wanted))
        stack.enter_context(joined(mesh, pods[0]))
        stack.enter_context(parted(mesh, serves))
        warm(mesh, pods[1])
        return _steps(mesh, own, pods, new, lifetime.due_s + LATE_S + NOTICED_S)


def _steps(mesh: Mesh, own: Revision, pods: list[ProcessState], new: Authority, within_s: float) -> Rolled:
    """Under load of callers of the old root the new one takes over; under load of callers of the new one it goes."""
    signs = new.intermediate(NEW_SIGNER)
    with flowing(*_streams(mesh, pods, mesh.authority, new)) as flow:
        old = tuple(_roll(mesh, own, pods, (signs, new), flow, within_s))
    arrivals, failed = tuple(flow.arrivals), tuple(flow.failed)
    if old or failed:
        return Rolled(arrivals=arrivals, failed=failed, old=old, open_to_old=None, shut_s=0.0)
    with flowing(*_streams(mesh, pods, new, new)) as after:
        still, shut_s = _drop(mesh, own, pods, (signs, new), after)
    return Rolled(
        arrivals=arrivals + tuple(after.arrivals),
        failed=tuple(after.failed),
        old=old,
        open_to_old=still,
        shut_s=shut_s,
    )


def _streams(mesh: Mesh, pods: list[ProcessState], signs: Authority, new: Authority) -> Iterator[Stream]:
    """New connections to each pod by a caller that trusts both roots, and the calls of the one by the other."""
    for pod, path, caller in zip(pods, ("/catalogue", "/healthz/ready"), _callers(mesh), strict=True):
        tls = mesh.client(caller, authority=signs)
        tls.load_verify_locations(cadata=new.root_pem)
        request = Request(host=pod.name, path=path)
        port = next(iter(pod.local))
        yield Stream(
            name=pod.name, address=pod.address, port=port, request=request, per_s=FRESH_PER_S, tls=tls, fresh=True
        )
    read = Request(host=f"catalogue.{SHOP}.svc.cluster.local:{PORT}", path="/catalogue")
    yield Stream(name=CALLS, address=pods[1].outbound, port=PORT, request=read, per_s=CALLS_PER_S)


def _callers(mesh: Mesh) -> tuple[str, str]:
    """Who may call each of the two pods."""
    return mesh.spiffe("shop", "orders"), mesh.spiffe("istio-ingress", GATEWAY)


def _roll(  # noqa: PLR0913, PLR0917  what takes part
    mesh: Mesh,
    own: Revision,
    pods: list[ProcessState],
    signs: tuple[Authority, Authority],
    flow: Flow,
    within_s: float,
) -> Iterator[str]:
    """Trust both, wait for a renewal of every pod; sign with the new one, wait again; who is left with the old signer."""
    signer_of_new, new = signs
    both = mesh.authority.root_pem + new.root_pem
    for pod in pods:
        trust(pod, both)
    before = {pod.name: len(flow.shown(pod.name)) for pod in pods}
    own.sign_with(signer(mesh, pods[0].site), both)
    with suppress(NotYet):  # pods that are never renewed are told of at the end
        until(
            lambda: all(len(flow.shown(pod.name)) > before[pod.name] for pod in pods) or bool(flow.failed),
            bool,
            within_s=within_s,
            what="a renewal of every pod",
        )
    own.sign_with(signer_of_new, both)

    def left() -> list[str]:
        return [pod.name for pod in pods if not _is_of_new(flow.shown(pod.name))]

    with suppress(NotYet):
        until(
            left, lambda names: not names or bool(flow.failed), within_s=within_s, what="certificates of the new root"
        )
    yield from left()


def _drop(
    mesh: Mesh, own: Revision, pods: list[ProcessState], signs: tuple[Authority, Authority], flow: Flow
) -> tuple[tuple[str, ...], float]:
    """Trust the new root only, until no pod lets in who comes with the old one; who still does, and for how long."""
    signer_of_new, new = signs
    for pod in pods:
        trust(pod, new.root_pem)
    began_s = time.monotonic()
    own.sign_with(signer_of_new, new.root_pem)
    callers = [mesh.client(one) for one in _callers(mesh)]
    for tls in callers:
        tls.load_verify_locations(cadata=new.root_pem)
    ports = [next(iter(pod.local)) for pod in pods]
    paths = [
        Request(host=pod.name, path=path) for pod, path in zip(pods, ("/catalogue", "/healthz/ready"), strict=True)
    ]

    def still() -> tuple[str, ...]:
        return tuple(
            pod.name
            for pod, port, path, tls in zip(pods, ports, paths, callers, strict=True)
            if ask(pod.address, port, path, tls=tls, sni="outbound_.mesh").answered
        )

    with suppress(NotYet):
        until(still, lambda names: not names or bool(flow.failed), within_s=DROPPED_WITHIN_S)
    shut_s = time.monotonic() - began_s
    return still(), shut_s


def _is_of_new(shown: list[Arrival]) -> bool:
    return any(one.shown is not None and NEW_SIGNER in one.shown.issuer.rfc4514_string() for one in shown)


def _is_unnoticed(seen: Observed[Rolled]) -> Iterator[str]:
    rolled = seen.value
    if failed := rolled.failed:
        yield f"{len(failed)} of {len(rolled.arrivals)} requests failed: {failed[0]}"
    for name in rolled.old:
        yield f"{name} is not signed by the new root"
    for name in rolled.open_to_old or ():
        yield f"{name} still lets in a caller of the root that was dropped"
