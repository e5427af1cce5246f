"""Which requests reach which service: from the world through the gateway, and from inside to the outside."""

from collections.abc import Iterator
from typing import Final

from fixtures.calls import GATEWAY, PORT, SHOP, outside, service_of
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.observation import Observed
from meshproof.probes.envoy import Envoy
from meshproof.probes.http import Reply, Request
from meshproof.targets.protocols import Mesh

SHOWN_BY = ("embedded", "kind")
#: What the shop sells through, and who answers: a service's public prefix is its name, and health is the health of
#: the service in the path of a purchase.
PUBLISHED: Final = {
    ("GET", "/catalogue"): "catalogue",
    ("HEAD", "/catalogue"): "catalogue",
    ("GET", "/catalogue/7"): "catalogue",
    ("GET", "/orders"): "orders",
    ("POST", "/orders"): "orders",
    ("GET", "/orders/7/items"): "orders",
    ("GET", "/healthz/ready"): "orders",
}
#: What must have no route at all: the shop's inner services, names that only begin like a published one, other hosts.
UNPUBLISHED: Final = ("/", "/payments", "/notifications", "/cataloguexyz", "/ordersxyz", "/healthz/readyz", "/livez")
OTHER_HOSTS: Final = ("evil.example", "payments.shop.svc.cluster.local", "catalogue.shop.svc.cluster.local:8080")
NO_ROUTE: Final = 404
#: While routes are looked at nothing else may refuse: a second lock would hide that the first one is open.
OPEN: Final = {
    "apiVersion": "security.istio.io/v1",
    "kind": "AuthorizationPolicy",
    "metadata": {"name": "meshproof-open", "namespace": "istio-ingress"},
    "spec": {
        "selector": {"matchLabels": {"istio": "ingressgateway"}},
        "action": "ALLOW",
        "rules": [{"from": [{"source": {"ipBlocks": ["0.0.0.0/0"]}}]}],
    },
}

PUBLISHES = Control(
    id="ROUTE-101",
    title="The ingress gateway MUST lead each published path to its service, and no other path or host anywhere",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest",
    remedy="Match exact paths and prefixes that end in a slash, for the shop's host alone, in the public routes.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-7", "soc2": "CC6.6"},
    mutants=[
        edit(
            "VirtualService",
            "shop/catalogue-public",
            {"spec": {"http": [{"route": [{"destination": {"host": "orders.shop.svc.cluster.local"}}]}]}},
            says="GET /catalogue does not reach catalogue",
        ),
        edit(
            "VirtualService",
            "shop/edge-health",
            {"spec": {"http": [{"match": [{"uri": {"exact": None, "prefix": "/"}}]}]}},
            says="/payments has a route",
        ),
        edit("VirtualService", "shop/orders-public", {"spec": {"hosts": ["*"]}}, says="evil.example"),
        remove("VirtualService", "shop/orders-public", says="POST /orders does not reach orders"),
    ],
)


@checks(PUBLISHES)
def test_the_gateway_publishes_what_is_sold_and_nothing_else(mesh_alone: Mesh) -> None:
    """Each published path is answered by its service; every other path and host meets no route."""
    mesh_alone.apply("primary", OPEN)
    try:
        findings = judge(_asked_from_outside(mesh_alone), _is_published_or_not)
    finally:
        mesh_alone.remove("primary", OPEN)

    assert not findings.broken, findings.table()


def _asked_from_outside(mesh: Mesh) -> Iterator[Observed[tuple[str, str, Reply]]]:
    gateway = mesh.process(GATEWAY)
    for (method, path), service in PUBLISHED.items():
        reply = outside(mesh, path, method=method)
        yield mesh.observed(gateway, (f"{method} {path}", service, reply))
    for path in UNPUBLISHED:
        yield mesh.observed(gateway, (path, "", outside(mesh, path)))
    for host in OTHER_HOSTS:
        yield mesh.observed(gateway, (f"{host}/orders", "", outside(mesh, "/orders", host=host)))


def _is_published_or_not(seen: Observed[tuple[str, str, Reply]]) -> str | None:
    what, service, reply = seen.value
    if not service:
        return None if reply.status == NO_ROUTE else f"{what} has a route: {reply}"
    if what.startswith("HEAD"):  # an answer without a body names nobody
        return None if reply.status == 200 else f"{what} does not reach {service}: {reply}"  # noqa: PLR2004
    return None if service_of(reply) == service else f"{what} does not reach {service}: {reply} {service_of(reply)}"


EGRESS = Control(
    id="ROUTE-102",
    title="A workload MUST NOT reach a host or a service that it does not declare to call",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/traffic-management/egress/egress-control/",
    remedy="Set outboundTrafficPolicy REGISTRY_ONLY and name in the Sidecar's egress only what the workload calls.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-7(5)", "pci": "1.3.2", "soc2": "CC6.6"},
    mutants=[
        edit(
            "Sidecar",
            "shop/orders",
            {"spec": {"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}},
            says="is let out",
        ),
        edit(
            "Sidecar",
            "shop/orders",
            {"spec": {"egress": [{"hosts": ["shop/*"]}]}},
            name="imports-the-namespace",
            says="orders.shop.svc.cluster.local:8080 is let out",
        ),
    ],
)
#: A host outside, the API of the cloud's machines, and the service that only a customer may call.
UNDECLARED: Final = ("nowhere.example", "169.254.169.254", "orders.shop.svc.cluster.local:8080")
#: What the proxy's black hole answers.
BLACK_HOLE: Final = 502


@checks(EGRESS)
def test_undeclared_hosts_are_refused(mesh: Mesh) -> None:
    """Through each sidecar that has a listener for HTTP, hosts that it does not declare meet the black hole."""
    findings = judge(_asked_from_inside(mesh), _is_kept_in)

    assert not findings.broken, findings.table()


def _asked_from_inside(mesh: Mesh) -> Iterator[Observed[tuple[str, Reply]]]:
    for process in (one for one in mesh.processes(kind="echo") if Envoy(one.admin).listens(one.outbound, PORT)):
        for host in UNDECLARED:
            request = Request(host=host, path=f"/{SHOP}")
            yield mesh.observed(process, (host, mesh.through(process, request, port=PORT)), f" to {host}")


def _is_kept_in(seen: Observed[tuple[str, Reply]]) -> str | None:
    host, reply = seen.value
    return f"{host} is let out: {reply}" if reply.seen(host).status != BLACK_HOLE else None
