"""How a gateway's connections are opened: in TLS, for a server name of its own, by a workload where it says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request, ask
from meshproof.probes.tls import Handshake, handshake
from meshproof.targets.protocols import Mesh, Process
from suites.mesh import promised

SHOWN_BY = ("embedded", "kind")
EASTWEST: Final = "istio-eastwestgateway"
#: Istio's server name for a service's port, by which the passing-through gateway chooses.
PASSED: Final = "outbound_.{port}_._.{host}.svc.cluster.local"
#: The protocol by which sidecars know each other.
SIDECAR: Final = ("istio",)
#: Names that no server of the gateway between the sites has: a service of another namespace, a plain host, nobody.
STRANGE: Final = (
    PASSED.format(port=443, host="istio-ingressgateway.istio-ingress"),
    PASSED.format(port=443, host="istio-egressgateway.istio-egress"),
    "catalogue.shop.svc.cluster.local",
    "elsewhere.example",
)

DOORS = Control(
    id="ROUTE-110",
    title="A gateway between the sites MUST pass on TLS for services called from there alone, and nothing in plain text",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings-TLSmode",
    remedy="Give the server mode AUTO_PASSTHROUGH and only the hosts whose network policy lets the gateway in.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-7", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "Gateway",
            "primary:istio-ingress/eastwest",
            {"spec": {"servers": [{"hosts": ["*.svc.cluster.local"]}]}},
            says="opens to outbound_.443_._.istio-ingressgateway.istio-ingress",
        ),
        edit(
            "Gateway",
            "primary:istio-ingress/eastwest",
            {"spec": {"servers": [{"hosts": ["*.shop.svc.cluster.local"]}]}},
            name="all-of-the-shop",
            says="opens to outbound_.8080_._.orders.shop",
        ),
        edit(
            "Gateway",
            "standby:istio-ingress/eastwest",
            {"spec": {"servers": [{"hosts": ["orders.shop.svc.cluster.local"]}]}},
            says="does not open to outbound_.8080_._.catalogue.shop",
        ),
        edit(
            "Gateway",
            "primary:istio-ingress/eastwest",
            {"spec": {"servers": [{"port": {"protocol": "HTTP"}, "tls": None}]}},
            name="plain-text",
            says="opens to plain text",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One connection: what it was opened with, who is to answer (nobody where it is refused), and what came back."""

    what: str
    who: str
    reply: Handshake | Reply


@checks(DOORS)
def test_the_gateway_between_the_sites_passes_on_its_own_names(mesh: Mesh) -> None:
    """A workload of the shop knocks with each server name, with none, and in plain text."""
    findings = judge(_knocks(mesh), _opens_to_its_own)

    assert not findings.broken, findings.table()


def _knocks(mesh: Mesh) -> Iterator[Observed[Knock]]:
    for gateway in mesh.processes(app=EASTWEST):
        for one in mesh.processes(site=gateway.site, kind="echo"):
            name = PASSED.format(port=one.ports["http"], host=f"{one.labels['app']}.{one.namespace}")
            who = mesh.spiffe(one.namespace, one.account) if promised.lets_in(mesh.declaration, one, EASTWEST) else ""
            yield mesh.observed(gateway, Knock(what=name, who=who, reply=_open(mesh, gateway, name)))
        for what, name in {**{one: one for one in STRANGE}, "no server name": ""}.items():
            yield mesh.observed(gateway, Knock(what=what, who="", reply=_open(mesh, gateway, name)))
        plain = ask(gateway.address, gateway.ports["tls"], Request(host="catalogue.shop.svc.cluster.local"))
        yield mesh.observed(gateway, Knock(what="plain text", who="", reply=plain))


def _open(mesh: Mesh, gateway: Process, name: str) -> Handshake:
    """As a sidecar of the other site opens it, by the identity of a workload."""
    identity = mesh.client(mesh.spiffe("shop", "orders"))
    return handshake(gateway.address, gateway.ports["tls"], identity, sni=name, alpn=SIDECAR)


def _opens_to_its_own(seen: Observed[Knock]) -> str | None:
    knock = seen.value
    if not knock.who:
        opened = knock.reply.answered if isinstance(knock.reply, Reply) else knock.reply.done
        return f"opens to {knock.what}: {knock.reply}" if opened else None
    found = isinstance(knock.reply, Handshake) and knock.who in knock.reply.peer
    return None if found else f"does not open to {knock.what} as {knock.who}: {knock.reply}"
