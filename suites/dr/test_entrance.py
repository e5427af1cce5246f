"""The way that every order of a drill takes: the site's own gateway, the service's sidecar, the shop's program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fixtures.calls import customer, shop_host, somewhere
from fixtures.drill.mesh import gateway_of, orders_of
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request
from meshproof.targets.embedded.mesh import Mesh

PATH: Final = "/orders"

ENTERED = Control(
    id="DR-340",
    title="At either site an order MUST reach the shop's own program by the gateway's identity, and nobody else may",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/concepts/security/",
    remedy="Demand the same of a customer at both sites: the one that stands by is in charge after the next failover.",
    targets=("embedded",),
    frameworks={"nist": "AC-4", "soc2": "CC6.1"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "standby:shop/orders",
            {"spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/nobody"]}}]}]}},
            says="a customer is answered HTTP 403",
        ),
        edit(
            "PeerAuthentication",
            "istio-system/default",
            {"spec": {"mtls": {"mode": "PERMISSIVE"}}},
            says="plain text is answered",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What a customer got, what one without a token got, and what plain text past the gateway got."""

    site: str
    wanted: tuple[str, str]
    customer: Reply
    stranger: Reply
    past: Reply


@checks(ENTERED)
def test_an_order_takes_the_declared_way(drill_mesh: Mesh) -> None:
    """At both sites of the drills, by TLS to the gateway with and without a token, and past it in plain text."""
    findings = judge(_entered(drill_mesh), _is_entered)

    assert not findings.broken, findings.table()


def _entered(mesh: Mesh) -> Iterator[Observed[Entered]]:
    host = shop_host(mesh)
    for site in mesh.state.sites:
        gateway, orders = gateway_of(site), orders_of(site)
        mine = Request(host=host, path=PATH, headers=customer(mesh))
        nobodys = Request(host=host, path=PATH, headers=somewhere())
        port = gateway.ports["https"]
        value = Entered(
            site=site.name,
            wanted=(mesh.spiffe(orders.namespace, orders.account), mesh.spiffe(gateway.namespace, gateway.account)),
            customer=mesh.gateway(gateway, mine, port=port),
            stranger=mesh.gateway(gateway, nobodys, port=port),
            past=mesh.direct(orders, mine, tls=None),
        )
        yield mesh.observed(orders, value)


def _is_entered(seen: Observed[Entered]) -> Iterator[str]:
    got = seen.value
    told = _told(got.customer)
    if (told.get("service"), told.get("site")) != ("orders", got.site):
        yield f"a customer is answered {got.customer}, not by the shop's program of {got.site}"
    elif (names := _names(told["caller"])) != got.wanted:
        yield f"the program of {names[0] or 'nobody'} is called by {names[1] or 'nobody'}, not by {got.wanted[1]}"
    if _told(got.stranger.seen("a caller without a token")):
        yield "the shop's program answers a caller without a token"
    if got.past.answered:
        yield f"plain text is answered: {got.past}"


def _told(reply: Reply) -> dict[str, str]:
    """What the program says of itself; nothing where somebody else answered."""
    try:
        told: dict[str, str] = json.loads(reply.body)
    except ValueError:
        return {}
    return told if "service" in told else {}


def _names(header: str) -> tuple[str, str]:
    """Whose proxy wrote it, and whom that proxy saw calling."""
    by, uri = re.search(r"By=([^;,]+)", header), re.search(r"URI=([^;,]+)", header)
    return (by[1] if by else "", uri[1] if uri else "")
