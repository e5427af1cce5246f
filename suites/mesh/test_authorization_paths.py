"""No spelling of a path opens what its normal form may not: names with dots, slashes, escapes, parameters, other case."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.http import Reply
from meshproof.targets.protocols import Mesh
from suites.mesh.paths import is_ambiguous, normal, spellings
from suites.mesh.truth_table import REFUSALS, Caller, Judge, Row, asked, callers

SHOWN_BY = ("embedded", "kind")

#: Spellings for each workload: every separator and every way to step back occurs several times.
SPELLINGS = 100
#: Fixed, so that a red run can be repeated.
SEED = 20261124
#: Ways through that are always tried, behind the open path: a step back that is a name to one and a step to another.
THROUGH = ("/%2E.;/admin", "/..;/admin", "/..%3B/admin", "/..%00/admin", "/.;/..;a=b/admin")
#: What no policy opens to anybody, and what opens for others only.
CLOSED = ("/admin", "/healthz/ready", "/payments/1")
#: A request that Envoy finds malformed is not let through either.
MALFORMED = 400
URL = re.compile(r"^URL=(.*)$", re.MULTILINE)

SPELLED = Control(
    id="AUTHZ-103",
    title="No spelling of a path MUST reach what its normal form may not, arrive otherwise than judged, or be left in doubt",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/best-practices/security/#customize-your-system-on-path-normalization",
    remedy="Set meshConfig.pathNormalization.normalization to DECODE_AND_MERGE_SLASHES, and refuse paths with parameters.",
    targets=SHOWN_BY,
    relates=("AuthorizationPolicy", "HelmRelease", "EnvoyFilter"),
    frameworks={"nist": "SI-10", "pci": "6.2.4", "soc2": "CC6.1"},
    mutants=[
        edit(
            "HelmRelease",
            "flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"pathNormalization": {"normalization": "NONE"}}}}},
            says="more than one meaning is left",
        ),
        edit(
            "HelmRelease",
            "flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"pathNormalization": {"normalization": "MERGE_SLASHES"}}}}},
            says="%2Fready, where more than one meaning is left",
        ),
        remove(
            "EnvoyFilter",
            "istio-system/unambiguous-paths",
            says="on as /catalogue/..;/admin, which programs read in two ways",
        ),
    ],
)


@checks(SPELLED)
def test_no_spelling_reaches_more_than_its_normal_form(mesh: Mesh, as_built: Declaration) -> None:
    """A caller that may ask for something asks every workload for more, in every way of writing it."""
    judges = {one.address: Judge(mesh, as_built, one) for one in mesh.processes(kind="echo")}
    rows = _spelled(judges.values(), callers(mesh, as_built))
    findings = judge(asked(mesh, rows), partial(_opens_no_more, judges))

    assert not findings.broken, findings.table()


def _spelled(judges: Iterable[Judge], who: Sequence[Caller]) -> Iterator[Row]:
    for one in judges:
        own = f"/{one.process.labels['app']}"
        caller = next(each for each in who if one.row(each, own).allowed)
        closed = [path for path in CLOSED if not one.row(caller, path).allowed]
        through = (f"{own}{path}" for path in THROUGH)
        for path in dict.fromkeys((*through, *spellings(own, closed, count=SPELLINGS, seed=SEED))):
            yield one.row(caller, path)


def _opens_no_more(judges: Mapping[str, Judge], seen: Observed[tuple[Row, Reply]]) -> str | None:
    row, reply = seen.value[0], seen.value[1].seen(seen.value[0].what)
    if reply.status in (*REFUSALS, MALFORMED):
        return None
    path, means = row.request.path, normal(row.request.path)
    found = URL.search(reply.body)
    arrived = found[1].partition("?")[0] if found else str(reply)
    if is_ambiguous(arrived):
        return f"hands {path} on as {arrived}, which programs read in two ways"
    if arrived != normal(arrived):
        return f"hands {path} on as {arrived}, where more than one meaning is left"
    if not judges[row.process.address].row(row.caller, arrived).allowed:
        return f"lets {path} through to {arrived}, which it may not have"
    if not is_ambiguous(path) and arrived != means:
        return f"hands {path} on as {arrived}, though it means {means}"
    return None
