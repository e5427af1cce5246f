"""What the world may ask of the gateway: hosts, methods and paths, whatever server name the connection was opened with."""

import re
from collections.abc import Iterator
from itertools import product

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.http import Line, Reply
from meshproof.targets.protocols import Mesh
from suites.mesh import promised
from suites.mesh.paths import is_ambiguous, spellings
from suites.mesh.truth_table import FETCHED, REFUSALS, Caller, Judge, Row

SHOWN_BY = ("embedded", "kind")
METHODS = ("GET", "POST", "DELETE")
PATHS = ("/", "/catalogue", "/cataloguex", "/orders/1", "/healthz/ready", "/payments", "/payments/1", "/notifications")
#: A host that nobody has declared.
ELSEWHERE = "elsewhere.example"
#: What services answer to each other, and to nobody outside; and ways to spell it by way of what is open.
CLOSED = ("/payments/1", "/notifications")
THROUGH = "/catalogue/%2E.;/payments"
SPELLINGS = 80
#: What a service says that it was asked for.
URL = re.compile(r"^URL=(.*)$", re.MULTILINE)
SEED = 20261124

EDGE = Control(
    id="AUTHZ-107",
    title="The gateway MUST pass on only the hosts, methods and paths of its policy, whatever server name opened TLS",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/best-practices/security/#path-normalization",
    remedy="Name hosts, methods and paths in every rule of the gateway's AuthorizationPolicy.",
    targets=SHOWN_BY,
    relates=("AuthorizationPolicy", "Gateway", "HelmRelease", "EnvoyFilter"),
    frameworks={"nist": "SC-7", "pci": "1.4.2", "soc2": "CC6.6"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/ingressgateway",
            {"spec": {"rules": [{"to": [{}, {"operation": {"methods": None}}]}]}},
            says="passes on DELETE /orders/1",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/ingressgateway",
            {"spec": {"rules": [{}, {"to": [{"operation": {"paths": ["/orders/*"]}}]}]}},
            says="passes on GET /orders/1 by anybody with no token",
        ),
        remove("EnvoyFilter", "istio-system/unambiguous-paths", says="passes on GET /catalogue/%2E.;/payments"),
    ],
)


@checks(EDGE)
def test_the_gateway_passes_on_only_what_its_policy_names(mesh: Mesh, as_built: Declaration) -> None:
    """Hosts and server names of the shop's, of others' and of the mesh's own services; paths in every spelling."""
    findings = judge(_doors(mesh, as_built), _as_its_policy_says)

    assert not findings.broken, findings.table()


def _doors(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[tuple[Row, Reply]]]:
    customer = Caller(principal="", tls=mesh.anonymous())
    for process in mesh.processes(app="istio-ingressgateway"):
        shop = promised.shop_host(as_built, process.site)
        knocks = Judge(mesh, as_built, process, port="https")
        named = list(_named(knocks, customer, shop))
        others = [row for row in named if row.request.method == METHODS[0]]
        for sni, rows in ((shop, [*named, *_spelled(knocks, customer, shop)]), (ELSEWHERE, others)):
            with Line(process.address, process.ports["https"], tls=customer.tls, sni=sni) as line:
                for row in rows:
                    yield mesh.observed(process, (row, line.ask(row.request)))


def _named(knocks: Judge, customer: Caller, shop: str) -> Iterator[Row]:
    hosts = (shop, f"{shop}:443", shop.upper(), f"{shop}.", ELSEWHERE, "orders.shop.svc.cluster.local")
    for host, path, method, token in product(hosts, PATHS, METHODS, (True, False)):
        yield knocks.row(customer, path, method=method, token=token, host=host)


def _spelled(knocks: Judge, customer: Caller, shop: str) -> Iterator[Row]:
    for path in (THROUGH, *spellings("/catalogue", CLOSED, count=SPELLINGS, seed=SEED)):
        yield knocks.row(customer, path, host=shop)


def _as_its_policy_says(seen: Observed[tuple[Row, Reply]]) -> str | None:
    row, reply = seen.value[0], seen.value[1].seen("the gateway")
    fetched = FETCHED in reply.headers
    if is_ambiguous(row.request.path):
        return f"passes on {row.what}, which programs read in two ways" if fetched and _is_in_doubt(reply) else None
    if fetched and not row.allowed:
        return f"passes on {row.what} for {row.request.host}: {reply}"
    if row.allowed and not fetched and reply.status in REFUSALS:
        return f"refuses {row.what} for {row.request.host}: {reply}"
    return None


def _is_in_doubt(reply: Reply) -> bool:
    """Whether the service was asked for a path that can be read in two ways, or does not say what it was asked for."""
    found = URL.search(reply.body)
    return found is None or is_ambiguous(found[1])
