"""Who may speak to a workload at all: mutual TLS as it is seen on the wire."""

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request
from meshproof.targets.protocols import Mesh

SHOWN_BY = ("embedded", "kind")
PEER_AUTHENTICATION = "https://istio.io/latest/docs/reference/config/security/peer_authentication/"
MESH_CONFIG = "https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/"
SECURITY = "https://istio.io/latest/docs/concepts/security/"

#: A trust domain that nobody has declared.
ELSEWHERE = "elsewhere.example"
#: The header in which a proxy tells a workload who calls; its last element is the proxy's own.
CLIENT = re.compile(r"^RequestHeader=X-Forwarded-Client-Cert:(.+)$", re.MULTILINE)
URI = re.compile(r"URI=([^;,]+)")

STRICT_MTLS = Control(
    id="MTLS-001",
    title="Every workload MUST refuse a caller without a certificate that the mesh signed and that is valid now",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=PEER_AUTHENTICATION,
    remedy="Set mtls.mode STRICT in the mesh-wide PeerAuthentication and in every one that overrides it.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-8", "pci": "4.2.1", "soc2": "CC6.7"},
    mutants=[
        edit(
            "PeerAuthentication",
            "istio-system/default",
            {"spec": {"mtls": {"mode": "PERMISSIVE"}}},
            says="answers plain text",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What a caller got that must be refused, and what one of the mesh got at the same port."""

    caller: str
    reply: Reply
    welcome: Reply


@checks(STRICT_MTLS)
def test_callers_without_a_valid_identity_are_refused(mesh: Mesh) -> None:
    """Plain text, no certificate, another root, an expired certificate: no port of any workload answers."""
    findings = judge(_refused_callers(mesh), _is_refused)

    assert not findings.broken, findings.table()


def _refused_callers(mesh: Mesh) -> Iterator[Observed[Refused]]:
    name = mesh.spiffe("shop", "orders")
    callers: dict[str, ssl.SSLContext | None] = {
        "plain text": None,
        "TLS without a certificate": mesh.anonymous(),
        "a certificate of another root": mesh.stranger(name),
        "an expired certificate": mesh.expired(name),
    }
    yield from _asked(mesh, callers)


def _asked(mesh: Mesh, callers: Mapping[str, ssl.SSLContext | None]) -> Iterator[Observed[Refused]]:
    """Each caller at each port of each workload, beside a workload of the mesh."""
    own = mesh.client(mesh.spiffe("shop", "orders"))
    for process in mesh.processes(kind="echo"):
        for port in process.local:
            welcome = mesh.direct(process, Request(host=process.name), tls=own, port=port)
            for caller, tls in callers.items():
                reply = mesh.direct(process, Request(host=process.name), tls=tls, port=port)
                yield mesh.observed(process, Refused(caller=caller, reply=reply, welcome=welcome), f":{port}")


def _is_refused(seen: Observed[Refused]) -> str | None:
    got = seen.value
    if got.reply.answered:
        return f"answers {got.caller}: {got.reply}"
    got.welcome.seen("a workload of the mesh")
    return None


FOREIGN = Control(
    id="MTLS-002",
    title="Every workload MUST refuse a certificate that names no workload of its own trust domain, whoever signed it",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{MESH_CONFIG}#MeshConfig-trust_domain_aliases",
    remedy="Remove trustDomainAliases; sign for one trust domain only.",
    targets=SHOWN_BY,
    frameworks={"nist": "IA-9", "pci": "8.6.1", "soc2": "CC6.1"},
    mutants=[
        edit(
            "HelmRelease",
            "flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"trustDomainAliases": [ELSEWHERE]}}}},
            says=f"answers a name of {ELSEWHERE}",
        ),
    ],
)


@checks(FOREIGN)
def test_names_of_no_workload_of_this_mesh_are_refused(mesh: Mesh) -> None:
    """Signed by the mesh's own root, but of another trust domain, without any name, or with a DNS name only."""
    findings = judge(_foreign_callers(mesh), _is_refused)

    assert not findings.broken, findings.table()


def _foreign_callers(mesh: Mesh) -> Iterator[Observed[Refused]]:
    callers: dict[str, ssl.SSLContext | None] = {
        f"a name of {ELSEWHERE}": mesh.client(mesh.spiffe("shop", "orders", trust_domain=ELSEWHERE)),
        "a trust domain that only begins alike": mesh.client(
            mesh.spiffe("shop", "orders", trust_domain=f"{mesh.trust_domain}.{ELSEWHERE}")
        ),
        "a certificate without a name": mesh.client(),
        "a certificate with a DNS name": mesh.client("orders.shop.svc.cluster.local"),
    }
    yield from _asked(mesh, callers)


NAMED = Control(
    id="MTLS-003",
    title="Every workload MUST show exactly one name: its declared namespace and service account",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{SECURITY}#istio-identity",
    remedy="Give each workload a service account of its own, and mutual TLS to show it.",
    targets=SHOWN_BY,
    frameworks={"nist": "IA-9", "soc2": "CC6.1"},
    mutants=[
        edit(
            "PeerAuthentication",
            "primary:istio-system/default",
            {"spec": {"mtls": {"mode": "DISABLE"}}},
            says="shows no certificate",
        ),
    ],
)


@checks(NAMED)
def test_workloads_show_their_declared_name(mesh: Mesh) -> None:
    """What a caller that is let in sees in the certificate of each workload."""
    findings = judge(_shown_names(mesh), _is_exactly_its_own)

    assert not findings.broken, findings.table()


def _shown_names(mesh: Mesh) -> Iterator[Observed[tuple[str, Reply]]]:
    caller = mesh.client(mesh.spiffe("shop", "orders"))
    for process in mesh.processes(kind="echo"):
        template = mesh.declaration.by_address[process.workload].values["spec"]["template"]  # type: ignore[index]  # a workload has pods
        name = mesh.spiffe(process.namespace, template["spec"]["serviceAccountName"])
        yield mesh.observed(process, (name, mesh.direct(process, Request(host=process.name), tls=caller)))


def _is_exactly_its_own(seen: Observed[tuple[str, Reply]]) -> str | None:
    name, reply = seen.value
    if not reply.peer:
        return f"shows no certificate: {reply}"
    return None if reply.peer == (name,) else f"shows {', '.join(reply.peer)} instead of {name}"


TOLD = Control(
    id="MTLS-004",
    title="A workload MUST be told who really calls it: the name in the caller's certificate, whatever the caller claims",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{SECURITY}#mutual-tls-authentication",
    remedy="Let every DestinationRule inside the mesh use ISTIO_MUTUAL.",
    targets=SHOWN_BY,
    relates=("DestinationRule", "Rollout"),
    frameworks={"nist": "IA-9", "soc2": "CC6.1"},
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/payments",
            {"spec": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}},
            says="payments is told nothing",
        ),
    ],
)


@checks(TOLD)
def test_callees_are_told_the_caller_by_its_certificate(mesh: Mesh) -> None:
    """Each declared dependency is called through the caller's own proxy, honestly and with a forged name."""
    findings = judge(_told_names(mesh), _is_the_caller)

    assert not findings.broken, findings.table()


def _told_names(mesh: Mesh) -> Iterator[Observed[tuple[str, str, Reply]]]:
    forged = f"By=spiffe://x;URI={mesh.spiffe('istio-ingress', 'istio-ingressgateway')}"
    caller = mesh.process("orders")
    name = mesh.spiffe(caller.namespace, caller.account)
    for callee in ("catalogue", "payments"):
        host = f"{callee}.{caller.namespace}.svc.cluster.local:8080"
        for headers in ({}, {"x-forwarded-client-cert": forged}):
            reply = mesh.through(caller, Request(host=host, path=f"/{callee}", headers=headers), port=8080)
            yield mesh.observed(caller, (callee, name, reply))


def _is_the_caller(seen: Observed[tuple[str, str, Reply]]) -> str | None:
    callee, name, reply = seen.value
    header = CLIENT.search(reply.body)
    told = URI.findall(header[1].rpartition(",")[2]) if header else []
    return None if told == [name] else f"{callee} is told {', '.join(told) or f'nothing ({reply})'} instead of {name}"
