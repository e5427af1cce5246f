"""What an upgrade of the control plane costs its callers: workloads move to another revision, and back."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from fixtures.calls import PORT, SHOP
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import NotYet
from meshproof.observation import Observed
from meshproof.probes.arrivals import Flow, Stream, flowing
from meshproof.probes.http import Request
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest, joined, parted, together
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.revision import revision
from meshproof.targets.embedded.state import ProcessState
from meshproof.verdict import Fidelity
from meshproof.waiting import throughout, until
from suites.mesh.renewal import GOOD

SHOWN_BY = ("embedded",)
NEXT: Final = "next"
SERVICE: Final = "catalogue"
PER_S: Final = 80.0
#: So many answers in a row by one pod show that the other gets no more: of two in use each is chosen in turn.
IN_A_ROW: Final = 20
#: A rolling change waits for endpoints to spread; longer is a change that never ends.
MOVED_WITHIN_S: Final = 15.0
WARM_WITHIN_S: Final = 5.0
#: After the last pod of the new revision has ended.
AFTER_S: Final = 0.5
OLD_CALLER, NEW_CALLER = "calls by a workload of the old revision", "calls by a workload of the new revision"

UPGRADE = Control(
    id="CHANGE-002",
    title="Moving a workload to another revision of the control plane, and back, MUST NOT cost a request",
    system="istio",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/setup/upgrade/canary/",
    remedy="Give no object of the mesh the label istio.io/rev, sign with one authority, and move one workload at a time.",
    targets=SHOWN_BY,
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:shop/catalogue",
            {"metadata": {"labels": {"istio.io/rev": "1-30"}}},
            says="HTTP 403",
            name="a-policy-of-the-old-revision-only",
        ),
        edit(
            "HelmRelease",
            "primary:flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"trustDomain": "elsewhere.example"}}}},
            says=f"{NEW_CALLER} failed",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """All requests that were made meanwhile, and at which stages who was to answer them in the end never did."""

    flows: tuple[Flow, ...]
    missed: tuple[str, ...]

    @property
    def total(self) -> int:
        """All requests."""
        return sum(len(one.arrivals) for one in self.flows)

    @property
    def failed(self) -> int:
        """Those that did not get what they asked for."""
        return sum(len(one.failed) for one in self.flows)


@checks(UPGRADE)
def test_workloads_move_between_revisions_unnoticed(mesh_alone: Mesh) -> None:
    """One version runs as two revisions; a pod on the new one takes over from the pod on the old one, and gives back."""
    moved = _moved(mesh_alone)
    version = mesh_alone.state.istio_runs
    measure(f"requests while workloads moved between two revisions of {version}", moved.total, "requests")
    measure(
        f"failed requests while workloads moved between two revisions of {version}",
        moved.failed,
        "requests",
        objective=0,
    )
    seen = mesh_alone.observed(mesh_alone.process(SERVICE), moved)
    findings = judge([replace(seen, fidelity=Fidelity.STAND_IN)], _is_unnoticed)

    assert not findings.broken, findings.table()


def _moved(mesh: Mesh) -> Moved:
    """A second revision, a pod and a caller on it, and all calls from both callers: to the new pod, and back."""
    old, caller = mesh.process(SERVICE), mesh.process("orders")
    missed: list[str] = []
    with ExitStack() as stack:
        addresses = stack.enter_context(leased())
        flow = stack.enter_context(flowing(_calls(OLD_CALLER, caller)))
        with (
            revision(mesh, old.site, name=NEXT, addresses=addresses) as new,
            together(
                guest(mesh, old, name=f"{SERVICE}-{NEXT}", addresses=addresses, xds=new.control.xds),
                guest(mesh, caller, name=f"orders-{NEXT}", addresses=addresses, xds=new.control.xds),
            ) as (pod, second),
        ):
            _warm(mesh, pod, second)
            with flowing(_calls(NEW_CALLER, second)) as more:
                flows = (flow, more)
                began = datetime.now(UTC)
                with joined(mesh, pod), parted(mesh, old):
                    missed += _await_answers(flows, pod, "upgrade", began)
                    began = datetime.now(UTC)
                missed += _await_answers(flows, old, "rollback", began)
        throughout(lambda: flow.failed, lambda failed: not failed, for_s=AFTER_S)
    return Moved(flows=flows, missed=tuple(missed))


def _warm(mesh: Mesh, pod: ProcessState, caller: ProcessState) -> None:
    """Use the new ways a few times, as a readiness probe does: customers come when a pod is ready."""
    call = _calls(NEW_CALLER, caller).request
    tls = mesh.client(mesh.spiffe(caller.namespace, caller.account))

    def answers() -> list[int]:
        return [mesh.through(caller, call, port=PORT).status, mesh.direct(pod, call, tls=tls).status]

    with suppress(NotYet):  # ways that never work are told of by those who use them next
        until(answers, lambda seen: set(seen) == {GOOD}, within_s=WARM_WITHIN_S, in_a_row=3)


def _calls(name: str, caller: ProcessState) -> Stream:
    request = Request(host=f"{SERVICE}.{SHOP}.svc.cluster.local:{PORT}", path=f"/{SERVICE}")
    return Stream(name=name, address=caller.outbound, port=PORT, request=request, per_s=PER_S)


def _await_answers(flows: Sequence[Flow], pod: ProcessState, stage: str, began: datetime) -> Iterator[str]:
    """Wait until the last answers of every caller are all this pod's; says so where they never were."""

    def others() -> set[str]:
        last = [one.by for flow in flows for one in flow.arrivals[-IN_A_ROW:]]
        return set(last) - {pod.name} if len(last) == IN_A_ROW * len(flows) else {"too few"}

    def is_over(left: set[str]) -> bool:
        return not left or any(flow.failed for flow in flows)

    try:
        until(others, is_over, within_s=MOVED_WITHIN_S, what=f"every answer by {pod.name}")
    except NotYet as error:
        yield f"{stage}: {error}"
    else:
        took = (datetime.now(UTC) - began).total_seconds()
        measure(f"{stage}: until every call was answered by the other revision's pod", took, "s")


def _is_unnoticed(seen: Observed[Moved]) -> Iterator[str]:
    for flow in seen.value.flows:
        if failed := flow.failed:
            yield f"{len(failed)} of {len(flow.arrivals)} {failed[0].stream} failed: {failed[0]}"
    yield from seen.value.missed
