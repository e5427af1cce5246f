"""Who may speak to a workload at all: mutual TLS as it is seen on the wire."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request
from meshproof.targets.embedded.mesh import Mesh

SHOWN_BY = ("embedded", "kind", "live")
PEER_AUTHENTICATION = "https://istio.io/latest/docs/reference/config/security/peer_authentication/"

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


@checks(STRICT_MTLS)
def test_callers_without_a_valid_identity_are_refused(mesh: Mesh) -> None:
    """Plain text, no certificate, another root, an expired certificate: no port of any workload answers."""
    findings = judge(_refused_callers(mesh), _is_refused)

    assert not findings.broken, findings.table()


def _refused_callers(mesh: Mesh) -> Iterator[Observed[tuple[str, Reply]]]:
    name = mesh.spiffe("shop", "orders")
    callers = {
        "plain text": None,
        "TLS without a certificate": mesh.anonymous(),
        "a certificate of another root": mesh.stranger(name),
        "an expired certificate": mesh.expired(name),
    }
    for process in mesh.processes(kind="echo"):
        for caller, tls in callers.items():
            for port in process.local:
                reply = mesh.direct(process, Request(host=process.name), tls=tls, port=port)
                yield mesh.observed(process, (caller, reply), f":{port}")


def _is_refused(seen: Observed[tuple[str, Reply]]) -> str | None:
    caller, reply = seen.value
    return f"answers {caller}: {reply}" if reply.answered else None
