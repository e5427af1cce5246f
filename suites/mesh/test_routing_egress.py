"""The one door to the outside: what goes through the egress gateway, for whom, and that nothing goes past it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fixtures.calls import requests_of
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.envoy import Envoy
from meshproof.probes.http import Reply, Request, ask
from meshproof.targets.protocols import Mesh
from suites.mesh.truth_table import FETCHED

SHOWN_BY = ("embedded", "kind")
GATEWAY: Final = "istio-egressgateway"
ENTRY: Final = "payment-provider"
CALLER: Final = "payments"
#: Nobody declares this host.
UNDECLARED: Final = "elsewhere.example"
PATH: Final = "/charges"
#: Who says that he answered.
ANSWERED: Final = re.compile(r"^ServiceVersion=(\S+)$", re.MULTILINE)

EGRESS = Control(
    id="ROUTE-111",
    title="A declared host outside MUST be reached through the egress gateway alone, by the workload that declares it",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/traffic-management/egress/egress-gateway-tls-origination/",
    remedy="Route the host's mesh port to the egress gateway, let it check the host's certificate, and name its callers.",
    targets=SHOWN_BY,
    relates=("VirtualService", "Gateway", "DestinationRule", "AuthorizationPolicy", "ServiceEntry"),
    frameworks={"nist": "SC-7(8)", "pci": "1.3.2", "soc2": "CC6.6"},
    mutants=[
        edit(
            "VirtualService",
            "istio-egress/payment-provider",
            {
                "spec": {
                    "http": [
                        {
                            "route": [
                                {"destination": {"host": "api.psp.example", "subset": None, "port": {"number": 80}}}
                            ]
                        }
                    ]
                }
            },
            says="goes past the egress gateway",
        ),
        edit(
            "DestinationRule",
            "istio-egress/payment-provider",
            {"spec": {"trafficPolicy": {"portLevelSettings": [{"tls": {"subjectAltNames": [UNDECLARED]}}]}}},
            says="payments-0 does not reach api.psp.example",
        ),
        edit(
            "AuthorizationPolicy",
            "istio-egress/egressgateway",
            {"spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/*"]}}]}]}},
            says="orders is let out to api.psp.example",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One request to a host outside: whether it may arrive, what came back, how often the gateway sent one on."""

    what: str
    host: str
    declared: bool
    reply: Reply
    sent_on: int


@checks(EGRESS)
def test_the_outside_is_reached_through_the_gateway(mesh_alone: Mesh, as_built: Declaration) -> None:
    """The workload that declares the host calls it, and another; then others knock at the gateway itself."""
    findings = judge([*_calls(mesh_alone, as_built), *_knocks(mesh_alone, as_built)], _goes_as_declared)

    assert not findings.broken, findings.table()


def _entry(as_built: Declaration) -> tuple[str, int, int]:
    """The declared host, the port that workloads call, and the port that the gateway calls."""
    (record,) = (one for one in as_built.by_kind["ServiceEntry"] if (one.site, one.name) == ("primary", ENTRY))
    spec: Any = record.values["spec"]
    ports = {one["protocol"]: int(one["number"]) for one in spec["ports"]}
    return str(spec["hosts"][0]), ports["HTTP"], ports["HTTPS"]


def _calls(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Way]]:
    host, inner, _ = _entry(as_built)
    caller = mesh.process(CALLER)
    if not Envoy(caller.admin).listens(caller.outbound, inner):
        message = (
            f"{caller.name} cannot call port {inner} here: as a plain process only root may have it, and nothing "
            f"stands for {host} beside clusters of kind"
        )
        raise ProbeError(message)
    for name in (host, UNDECLARED):
        before = _sent_on(mesh, as_built)
        reply = mesh.through(caller, Request(host=name, path=PATH), port=inner)
        sent = _sent_on(mesh, as_built) - before
        way = Way(what=caller.name, host=name, declared=name == host, reply=reply, sent_on=sent)
        yield mesh.observed(caller, way)


def _knocks(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Way]]:
    host, *_ = _entry(as_built)
    gateway = mesh.process(GATEWAY)
    request = Request(host=host, path=PATH)
    knocks = {
        "payments": (mesh.client(mesh.spiffe("shop", CALLER)), request, host, True),
        "orders": (mesh.client(mesh.spiffe("shop", "orders")), request, host, False),
        "payments with DELETE": (
            mesh.client(mesh.spiffe("shop", CALLER)),
            Request(host=host, path=PATH, method="DELETE"),
            host,
            False,
        ),
        "somebody without a certificate": (mesh.anonymous(), request, host, False),
        "payments by another server name": (mesh.client(mesh.spiffe("shop", CALLER)), request, UNDECLARED, False),
        "somebody in plain text": (None, request, host, False),
    }
    for what, (tls, asked, sni, declared) in knocks.items():
        before = _sent_on(mesh, as_built)
        reply = ask(gateway.address, gateway.ports["https"], asked, tls=tls, sni=sni)
        sent = _sent_on(mesh, as_built) - before
        yield mesh.observed(gateway, Way(what=what, host=host, declared=declared, reply=reply, sent_on=sent))


def _sent_on(mesh: Mesh, as_built: Declaration) -> int:
    host, _, outer = _entry(as_built)
    return requests_of(mesh.process(GATEWAY), f"outbound|{outer}||{host}")


def _goes_as_declared(seen: Observed[Way]) -> str | None:
    way = seen.value
    if not way.declared:
        out = way.sent_on or FETCHED in way.reply.headers
        return f"{way.what} is let out to {way.host}: {way.reply}" if out else None
    found = ANSWERED.search(way.reply.body)
    if found is None or found[1] != way.host:
        return f"{way.what} does not reach {way.host}: {way.reply}"
    return None if way.sent_on == 1 else f"{way.what} reaches {way.host} but goes past the egress gateway"
