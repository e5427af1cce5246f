"""How well connections are protected: versions and ciphers of TLS, and how long a certificate lasts."""

import re
import ssl
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.envoy import Envoy
from meshproof.probes.http import Reply, Request, ask
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.state import ProcessState
from suites.mesh import promised

SHOWN_BY = ("embedded",)
MESH_CONFIG = "https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/"

#: Every version that a client could still ask for, by Istio's name of it, weakest first.
VERSIONS = {
    "TLSV1_0": ssl.TLSVersion.TLSv1,
    "TLSV1_1": ssl.TLSVersion.TLSv1_1,
    "TLSV1_2": ssl.TLSVersion.TLSv1_2,
    "TLSV1_3": ssl.TLSVersion.TLSv1_3,
}
#: Ciphers of TLS 1.2 that fit the gateway's kind of key and that a client could ask for instead of a declared one.
WEAKER = ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA")
#: Lets the client offer what its own library would not: the server has to be the one who refuses.
ANYTHING = "@SECLEVEL=0"
#: istiod dates a certificate back by this much, for clocks that are behind.
BACKDATED = timedelta(minutes=2)
#: The share of its lifetime, give or take, within which an agent spreads its renewals.
#: https://istio.io/latest/docs/reference/commands/pilot-agent/ (SECRET_GRACE_PERIOD_RATIO_JITTER)
JITTER = 0.01
#: A pod of orders that starts while it is looked at.
FRESH = "orders-fresh"
UNITS = {"h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a client offered alone, whether the declaration lets it in with that, and what came back."""

    what: str
    declared: bool
    reply: Reply


def _offering(
    context: ssl.SSLContext, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, cipher: str = "ALL"
) -> ssl.SSLContext:
    """A client that offers this version and, below TLS 1.3, this cipher, and nothing else."""
    context.set_ciphers(f"{cipher}:{ANYTHING}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is obsolete is the point
        context.minimum_version = version
        context.maximum_version = version
    return context


def _is_as_declared(seen: Observed[Offer]) -> str | None:
    offer = seen.value
    if offer.declared == offer.reply.answered:
        return None
    return f"refuses {offer.what}: {offer.reply}" if offer.declared else f"takes {offer.what}"


def _versions_from(least: str) -> Iterator[tuple[str, ssl.TLSVersion, bool]]:
    names = list(VERSIONS)
    for name, version in VERSIONS.items():
        yield name, version, names.index(name) >= names.index(least)


INSIDE = Control(
    id="MTLS-005",
    title="Workloads MUST speak TLS of the mesh's declared least version and later, and nothing below it",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{MESH_CONFIG}#MeshConfig-mesh_mTLS",
    remedy="Set meshConfig.meshMTLS.minProtocolVersion; nothing below TLS 1.2 may stand there.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-8", "pci": "4.2.1", "soc2": "CC6.7"},
    mutants=[
        edit(
            "HelmRelease",
            "flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"meshMTLS": {"minProtocolVersion": "TLSV1_2"}}}}},
            says="takes TLSV1_2",
        ),
    ],
)


@checks(INSIDE)
def test_workloads_speak_the_declared_tls_and_nothing_older(mesh: Mesh, as_built: Declaration) -> None:
    """A caller with a good identity offers one version of TLS at a time to every workload."""
    findings = judge(_offered_inside(mesh, as_built), _is_as_declared)

    assert not findings.broken, findings.table()


def _offered_inside(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Offer]]:
    name = mesh.spiffe("shop", "orders")
    for process in mesh.processes(kind="echo"):
        least = promised.mesh_config(as_built, process.site)["meshMTLS"]["minProtocolVersion"]
        for what, version, declared in _versions_from(least):
            reply = mesh.direct(process, Request(host=process.name), tls=_offering(mesh.client(name), version))
            yield mesh.observed(process, Offer(what=what, declared=declared, reply=reply))


EDGE = Control(
    id="MTLS-006",
    title="The gateway MUST offer the world its declared versions and ciphers of TLS, all of them and no others",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings",
    remedy="Set tls.minProtocolVersion and tls.cipherSuites of every server of the Gateway.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-13", "pci": "4.2.1", "soc2": "CC6.7"},
    mutants=[
        edit(
            "Gateway",
            "istio-ingress/shop",
            {"spec": {"servers": [{"tls": {"cipherSuites": [WEAKER[0]]}}]}},
            says=f"takes {WEAKER[0]}",
        ),
        edit(
            "Gateway",
            "istio-ingress/shop",
            {"spec": {"servers": [{"tls": {"minProtocolVersion": "TLSV1_0", "cipherSuites": [WEAKER[0]]}}]}},
            says="takes TLSV1_1",
        ),
        edit(
            "Gateway",
            "istio-ingress/shop",
            {"spec": {"servers": [{"tls": {"minProtocolVersion": "TLSV1_3"}}]}},
            says="refuses TLSV1_2",
        ),
    ],
)


@checks(EDGE)
def test_the_gateway_offers_the_declared_versions_and_ciphers(mesh: Mesh, as_built: Declaration) -> None:
    """A client from outside offers one version, then one cipher at a time."""
    findings = judge(_offered_outside(mesh, as_built), _is_as_declared)

    assert not findings.broken, findings.table()


def _offered_outside(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Offer]]:
    for process in mesh.processes(app="istio-ingressgateway"):
        record = promised.gateway(as_built, process.site, "shop")
        tls = promised.servers(record)[0]["tls"]
        request = Request(host=promised.shop_host(as_built, process.site))
        port = process.ports["https"]
        for what, version, declared in _versions_from(tls["minProtocolVersion"]):
            reply = ask(process.address, port, request, tls=_offering(mesh.anonymous(), version))
            yield mesh.observed(process, Offer(what=what, declared=declared, reply=reply))
        for cipher in (*tls["cipherSuites"], *WEAKER):
            reply = ask(process.address, port, request, tls=_offering(mesh.anonymous(), cipher=cipher))
            yield mesh.observed(process, Offer(what=cipher, declared=cipher in tls["cipherSuites"], reply=reply))


LASTING = Control(
    id="MTLS-007",
    title="A workload's certificate MUST last as long as declared, and MUST be renewed in its declared share of that",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/commands/pilot-discovery/",
    remedy="Set DEFAULT_WORKLOAD_CERT_TTL of istiod and SECRET_GRACE_PERIOD_RATIO of the proxies.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-12", "pci": "3.7.4", "soc2": "CC6.1"},
    mutants=[
        edit(
            "PeerAuthentication",
            "istio-system/default",
            {"spec": {"mtls": {"mode": "DISABLE"}}},
            says="serves no certificate to its callers",
        ),
        edit(
            "HelmRelease",
            "primary:flux-system/istiod",
            {"spec": {"values": {"meshConfig": {"defaultConfig": {"proxyMetadata": {"SECRET_TTL": "12h"}}}}}},
            says="holds a certificate for 12:02:00",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A certificate that a proxy holds, beside what is declared for it; `served` if its callers are shown it."""

    begins: datetime
    ends: datetime
    served: bool
    lifetime: timedelta
    grace: float


@checks(LASTING)
def test_certificates_last_and_are_renewed_as_declared(mesh: Mesh, as_built: Declaration) -> None:
    """Every proxy's own account of its certificates, and what a caller is shown; a pod that starts now is one of them."""
    findings = judge(_held(mesh, as_built), _lasts_as_declared)

    assert not findings.broken, findings.table()


def _held(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Held]]:
    yield from _held_by(mesh, as_built, mesh.processes(kind="echo"))
    like = mesh.process("orders")
    with leased() as addresses, guest(mesh, like, name=FRESH, addresses=addresses) as pod:
        yield from _held_by(mesh, as_built, [pod])


def _held_by(mesh: Mesh, as_built: Declaration, processes: Sequence[ProcessState]) -> Iterator[Observed[Held]]:
    caller = mesh.client(mesh.spiffe("shop", "orders"))
    for process in processes:
        values = promised.release(as_built, process.site)
        name = mesh.spiffe(process.namespace, process.account)
        reply = mesh.direct(process, Request(host=process.name), tls=caller)
        for row in Envoy(process.admin).certificates(name):
            held = Held(
                begins=datetime.fromisoformat(row["valid_from"]),
                ends=datetime.fromisoformat(row["expiration_time"]),
                served=name in reply.peer,
                lifetime=_duration(values["env"]["DEFAULT_WORKLOAD_CERT_TTL"]),
                grace=float(values["meshConfig"]["defaultConfig"]["proxyMetadata"]["SECRET_GRACE_PERIOD_RATIO"]),
            )
            yield mesh.observed(process, held)


def _lasts_as_declared(seen: Observed[Held]) -> Iterator[str]:
    held = seen.value
    lasts = held.ends - held.begins
    if not held.served:
        yield "serves no certificate to its callers"
    if lasts != held.lifetime + BACKDATED:
        yield f"holds a certificate for {lasts}, which is not {held.lifetime} and {BACKDATED}"
    if datetime.now(UTC) > held.ends - lasts * (held.grace - JITTER):
        yield f"still holds a certificate that was to be renewed when {held.grace:.0%} of {lasts} were left"


def _duration(text: str) -> timedelta:
    """Go's notation: 24h, 1h30m."""
    return timedelta(**{UNITS[unit]: float(number) for number, unit in re.findall(r"([\d.]+)([hms])", text)})
