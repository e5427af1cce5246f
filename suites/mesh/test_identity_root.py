"""How the mesh changes the root of its trust: nobody notices, and nobody has to start again."""

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
from meshproof.probes.http import Request
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest, joined, parted, trust
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.revision import Revision, revision, signer
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Fidelity
from meshproof.waiting import until
from suites.mesh.renewal import LATE_S, Lifetime, warm

SHOWN_BY = ("embedded", "kind", "live")
#: Each step of a rollover waits for one renewal of every workload: a day as declared, seconds here.
LASTS_S: Final = 20.0
#: How long the kubelet's change of a secret takes to be noticed, and a loaded machine to act on it.
NOTICED_S: Final = 5.0
CALLS: Final = "calls of catalogue by orders"
FRESH_PER_S, CALLS_PER_S = 10.0, 60.0
NEW_ROOT: Final = "another root of the mesh"
NEW_SIGNER: Final = "another signer of the primary"

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
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """All requests that were made meanwhile, and the pods that still showed a certificate of the old signer."""

    flow: Flow
    old: tuple[str, ...]


@checks(ROLLOVER)
def test_another_root_takes_over_unnoticed(mesh_alone: Mesh, as_built: Declaration) -> None:
    """Both roots are trusted, then the new one signs: two pods call each other while both are renewed, twice."""
    with no_ejection(mesh_alone):
        seen = _rolled(mesh_alone, as_built)
    measure("requests while another root took over", len(seen.flow.arrivals), "requests")
    measure("failed requests while another root took over", len(seen.flow.failed), "requests", objective=0)
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
        pods = [
            stack.enter_context(
                guest(
                    mesh,
                    one,
                    name=f"{one.labels['app']}-guest",
                    addresses=addresses,
                    environment=lifetime.environment,
                    xds=own.control.xds,
                )
            )
            for one in (serves, calls)
        ]
        stack.enter_context(joined(mesh, pods[0]))
        stack.enter_context(parted(mesh, serves))
        warm(mesh, pods[1])
        flow = stack.enter_context(flowing(*_streams(mesh, pods, new)))
        return Rolled(flow=flow, old=tuple(_roll(mesh, own, pods, new, flow, lifetime.due_s + LATE_S + NOTICED_S)))


def _streams(mesh: Mesh, pods: list[ProcessState], new: Authority) -> Iterator[Stream]:
    """New connections to each pod by a caller that trusts both roots, and the calls of the one by the other."""
    callers = (mesh.spiffe("shop", "orders"), mesh.spiffe("istio-ingress", GATEWAY))
    for pod, path, caller in zip(pods, ("/catalogue", "/healthz/ready"), callers, strict=True):
        tls = mesh.client(caller)
        tls.load_verify_locations(cadata=new.root.pem)
        request = Request(host=pod.name, path=path)
        port = next(iter(pod.local))
        yield Stream(
            name=pod.name, address=pod.address, port=port, request=request, per_s=FRESH_PER_S, tls=tls, fresh=True
        )
    read = Request(host=f"catalogue.{SHOP}.svc.cluster.local:{PORT}", path="/catalogue")
    yield Stream(name=CALLS, address=pods[1].outbound, port=PORT, request=read, per_s=CALLS_PER_S)


def _roll(  # noqa: PLR0913, PLR0917  what takes part
    mesh: Mesh, own: Revision, pods: list[ProcessState], new: Authority, flow: Flow, within_s: float
) -> Iterator[str]:
    """Trust both, wait for a renewal of every pod; sign with the new one, wait again; who is left with the old signer."""
    both = mesh.authority.root.pem + new.root.pem
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
    own.sign_with(new.intermediate(NEW_SIGNER), both)

    def left() -> list[str]:
        return [pod.name for pod in pods if not _is_of_new(flow.shown(pod.name))]

    with suppress(NotYet):
        until(
            left, lambda names: not names or bool(flow.failed), within_s=within_s, what="certificates of the new root"
        )
    yield from left()


def _is_of_new(shown: list[Arrival]) -> bool:
    return any(one.shown is not None and NEW_SIGNER in one.shown.issuer.rfc4514_string() for one in shown)


def _is_unnoticed(seen: Observed[Rolled]) -> Iterator[str]:
    flow = seen.value.flow
    if failed := flow.failed:
        yield f"{len(failed)} of {len(flow.arrivals)} requests failed: {failed[0]}"
    for name in seen.value.old:
        yield f"{name} is not signed by the new root"
