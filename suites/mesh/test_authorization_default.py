"""What is refused when nobody has said anything: a workload whose own policy is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from meshproof import Control, Level, Pillar, checks, judge, remove
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request
from meshproof.targets.protocols import Mesh
from suites.mesh import promised
from suites.mesh.truth_table import FETCHED, REFUSALS, Judge, asked, bearer, callers, claims

SHOWN_BY = ("embedded", "kind")

UNSAID = Control(
    id="AUTHZ-106",
    title="A workload or gateway without a policy of its own MUST refuse everything",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/best-practices/security/#use-default-deny-patterns",
    remedy="Keep an AuthorizationPolicy with an empty spec in the root namespace and in that of the applications.",
    targets=SHOWN_BY,
    frameworks={"nist": "AC-3", "pci": "7.2.3", "soc2": "CC6.1"},
    mutants=[
        remove("AuthorizationPolicy", "istio-system/allow-nothing", says="passes /orders on", name="without-the-root"),
        remove("AuthorizationPolicy", "*/allow-nothing", says="answers shop.meshproof/ns/", name="without-both"),
    ],
)


@checks(UNSAID)
def test_without_a_policy_everything_is_refused(mesh_alone: Mesh, as_built: Declaration) -> None:
    """Every policy that selects a workload is taken away; then everybody asks, with a good token."""
    with _without_own_policies(mesh_alone):
        findings = judge(_answers(mesh_alone, as_built), _is_refused)

    assert not findings.broken, findings.table()


@contextmanager
def _without_own_policies(mesh: Mesh) -> Iterator[None]:
    with ExitStack() as stack:
        for site in mesh.sites:
            declared = mesh.declared("AuthorizationPolicy", site=site)
            own = [dict(one.values) for one in declared if (one.values.get("spec") or {}).get("selector")]  # type: ignore[attr-defined]  # a mapping
            stack.callback(mesh.apply, site, *own)
            mesh.remove(site, *own)
        yield


def _answers(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[tuple[str, Reply]]]:
    who = callers(mesh, as_built)
    for process in mesh.processes(kind="echo"):
        judge = Judge(mesh, as_built, process)
        rows = (judge.row(one, f"/{process.labels['app']}") for one in who)
        for seen in asked(mesh, rows):
            row, reply = seen.value
            yield mesh.observed(process, (f"answers {row.caller.principal}", reply))
    for process in mesh.processes(app="istio-ingressgateway"):
        host, headers = promised.shop_host(as_built, process.site), bearer(mesh.token(claims(as_built, process.site)))
        for path in ("/orders", "/catalogue", "/healthz/ready"):
            request = Request(host=host, path=path, headers=headers)
            reply = mesh.gateway(process, request, port=process.ports["https"])
            yield mesh.observed(process, (f"passes {path} on", reply))


def _is_refused(seen: Observed[tuple[str, Reply]]) -> str | None:
    what, reply = seen.value
    return f"{what}: {reply}" if reply.status not in REFUSALS or FETCHED in reply.headers else None
