"""Paths that are no longer what they were, and methods that a service never takes: answered by the proxies alone."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from fixtures.calls import Call, from_mesh, outside, service_of, shop_host
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import Declaration, Record
from meshproof.observation import Observed
from meshproof.probes.http import Reply
from meshproof.targets.protocols import Mesh
from suites.mesh.truth_table import FETCHED

SHOWN_BY = ("embedded", "kind")
URL: Final = re.compile(r"^URL=(.*)$", re.MULTILINE)
#: What stands behind a prefix.
BEHIND: Final = "7/items"
#: A rule in VirtualService's notation of a group, in Python's.
GROUP: Final = re.compile(r"\\(\d)")

FORMER = Control(
    id="ROUTE-107",
    title="A path of earlier days MUST be answered as its successor is, or send people on to it for good",
    system="istio",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRewrite",
    remedy="Rewrite what programs ask for to the service's own path; redirect what people follow with status 308.",
    targets=SHOWN_BY,
    relates=("VirtualService", "AuthorizationPolicy"),
    frameworks={"soc2": "A1.2"},
    mutants=[
        edit(
            "VirtualService",
            "shop/orders-former",
            {"spec": {"http": [{"rewrite": {"uriRegexRewrite": {"rewrite": "/order"}}}]}},
            says="GET /v1/orders does not arrive as /orders",
        ),
        remove("VirtualService", "shop/orders-former", says="POST /v1/orders/7/items does not arrive"),
        edit(
            "VirtualService",
            "shop/catalogue-moved",
            {"spec": {"http": [{"redirect": {"uri": "/catalog"}}]}},
            says="GET /products sends on to /catalog",
        ),
        edit(
            "VirtualService",
            "shop/catalogue-moved",
            {"spec": {"http": [{"redirect": {"redirectCode": 302}}]}},
            says="with 302",
        ),
    ],
)


@checks(FORMER)
def test_former_paths_lead_to_their_successors(mesh: Mesh, as_built: Declaration) -> None:
    """A customer asks the gateway for each former path, to read and to write."""
    findings = judge([*_rewritten(mesh, as_built), *_moved(mesh, as_built)], _arrives_or_goes_on)

    assert not findings.broken, findings.table()


def _edge_routes(as_built: Declaration, field: str) -> Iterator[tuple[Record, Mapping[str, Any], str, str]]:
    """Every declared route at the edge that has the field, with a method and a path that it takes."""
    for record in as_built.by_kind["VirtualService"]:
        spec: Any = record.values["spec"]
        if record.site == "primary" and "mesh" not in spec["gateways"]:
            for route in (one for one in spec["http"] if field in one):
                for match in route["match"]:
                    ((how, path),) = match["uri"].items()
                    method = "GET" if "method" in match else "POST"
                    yield record, route, method, f"{path}{BEHIND}" if how == "prefix" else path


def _rewritten(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[tuple[str, str, Reply]]]:
    for record, route, method, path in _edge_routes(as_built, "rewrite"):
        rule = route["rewrite"]["uriRegexRewrite"]
        wanted = re.sub(rule["match"], GROUP.sub(r"\\\1", rule["rewrite"]), path)
        reply = outside(mesh, path, method=method)
        yield Observed(address=record.address, place=record.place, value=(f"{method} {path}", wanted, reply))


def _moved(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[tuple[str, str, Reply]]]:
    for record, route, method, path in _edge_routes(as_built, "redirect"):
        wanted = f"{route['redirect']['redirectCode']} https://{shop_host(mesh)}{route['redirect']['uri']}"
        reply = outside(mesh, path, method=method)
        yield Observed(address=record.address, place=record.place, value=(f"{method} {path}", wanted, reply))


def _arrives_or_goes_on(seen: Observed[tuple[str, str, Reply]]) -> str | None:
    what, wanted, reply = seen.value[0], seen.value[1], seen.value[2].seen("the gateway")
    if wanted.startswith("/"):
        found = URL.search(reply.body)
        arrived = found[1] if found else str(reply)
        return None if arrived == wanted else f"{what} does not arrive as {wanted}: {service_of(reply)} {arrived}"
    location = reply.headers.get("location", "")
    if f"{reply.status} {location}" == wanted:
        return None
    return f"{what} sends on to {urlsplit(location).path or 'nowhere'} with {reply.status}, not {wanted}"


READ_ONLY = Control(
    id="ROUTE-108",
    title="A write to a service that takes none MUST be refused by the caller's own proxy, which sends it nowhere",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPDirectResponse",
    remedy="Answer 405 directly in the last route of a service whose policy admits reads alone.",
    targets=SHOWN_BY,
    relates=("VirtualService", "AuthorizationPolicy"),
    frameworks={"nist": "AC-6"},
    mutants=[
        edit(
            "VirtualService",
            "shop/catalogue",
            {"spec": {"http": [{}, {"directResponse": {"status": 200}}]}},
            says="POST /catalogue of catalogue by orders-0 is answered HTTP 200",
        ),
        edit(
            "VirtualService",
            "shop/catalogue",
            {"spec": {"http": [{"match": None}]}},
            name="reads-take-all",
            says="POST /catalogue of catalogue by orders-0 is sent to the service",
        ),
    ],
)
READS: Final = frozenset({"GET", "HEAD"})
NOT_ALLOWED: Final = 405


@checks(READ_ONLY)
def test_writes_to_a_reading_service_go_nowhere(mesh: Mesh, as_built: Declaration) -> None:
    """Every caller of such a service posts to it, and looks whether anybody but its own proxy answered."""
    findings = judge(_posted(mesh, as_built), _is_refused_here)

    assert not findings.broken, findings.table()


def _posted(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[tuple[Call, Reply]]]:
    for call in from_mesh(mesh):
        if call.method == "POST" and not _writes(as_built, call.service):
            yield mesh.observed(call.caller, (call, call.send(mesh)))


def _writes(as_built: Declaration, service: str) -> bool:
    """Whether the service's own policy admits any method that changes something."""
    specs: list[Any] = [one.values["spec"] for one in as_built.by_kind["AuthorizationPolicy"] if one.name == service]
    targets = [to["operation"] for spec in specs for rule in spec.get("rules", ()) for to in rule["to"]]
    return any(set(one.get("methods", ("POST",))) - READS for one in targets)


def _is_refused_here(seen: Observed[tuple[Call, Reply]]) -> str | None:
    call, reply = seen.value[0], seen.value[1].seen("the caller's proxy")
    if FETCHED in reply.headers:
        return f"{call.name} is sent to the service: {reply}"
    return None if reply.status == NOT_ALLOWED else f"{call.name} is answered {reply}"
