"""cert-manager: certificates that are renewed long before they end, by issuers that exist, for those who use them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import chart_of, within
from suites.policy.parity import counterparts, differences
from suites.policy.quantities import seconds

_CERT_MANAGER = "https://cert-manager.io/docs/usage/certificate/"
_EDGE = "primary:istio-ingress/shop-edge"

RENEWED = Control(
    id="CERT-001",
    title="Every certificate MUST be renewed between a quarter and half of its life before it ends",
    system="certs",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_CERT_MANAGER}#renewal",
    remedy="Set duration to at most 90 days and renewBefore to a third of it.",
    frameworks={"nist": "SC-12", "pci": "4.2.1", "soc2": "CC6.7"},
    mutants=[
        edit("Certificate", _EDGE, {"spec": {"renewBefore": "24h"}}, says="renewed 24h before"),
        edit("Certificate", _EDGE, {"spec": {"duration": "8760h"}}, says="lives 8760h"),
    ],
)
DAY: Final = 86400.0
#: Seconds: what public authorities issue at most, and what survives a weekend without the authority.
LIFE: Final = (7 * DAY, 90 * DAY)
#: Parts of the life that are left when it is renewed: time for a person, yet a use for most of the certificate.
LEFT: Final = (0.25, 0.5)


@checks(RENEWED)
def test_certificates_are_renewed_in_time(platform: Platform) -> None:
    """A renewal that fails is noticed and repaired while the old certificate still holds."""
    findings = judge(platform.all("Certificate"), _in_time)

    assert not findings.broken, findings.table()


def _in_time(certificate: Item) -> Iterator[str]:
    life, before = seconds(certificate.text("spec.duration")), seconds(certificate.text("spec.renewBefore"))
    if not within(life, *LIFE):
        yield f"lives {certificate.text('spec.duration') or 'as long as its issuer likes'}"
    if not within(before, LEFT[0] * (life or 0), LEFT[1] * (life or 0)):
        yield f"is renewed {certificate.text('spec.renewBefore') or 'at an unstated time'} before it ends"


KEYS = Control(
    id="CERT-002",
    title="Every renewal MUST come with a new key of today's strength",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cert-manager.io/docs/usage/certificate/#the-rotationpolicy-setting",
    remedy="Set privateKey.rotationPolicy: Always with ECDSA 256 or RSA 3072, and keep few revisions.",
    frameworks={"nist": "SC-12(3)", "pci": "3.6.1", "soc2": "CC6.1"},
    mutants=[
        edit("Certificate", _EDGE, {"spec": {"privateKey": {"rotationPolicy": "Never"}}}, says="keeps its key"),
        edit("Certificate", _EDGE, {"spec": {"privateKey": {"size": 224}}}, says="ECDSA of 224 bits"),
    ],
)
STRENGTH: Final = {"ECDSA": (256, 521), "RSA": (3072, 8192), "Ed25519": (0, 0)}
#: Requests kept: enough to see what the last renewals did.
REVISIONS: Final = (1, 10)


@checks(KEYS)
def test_keys_are_strong_and_new(platform: Platform) -> None:
    """What leaked before a renewal is worth nothing after it."""
    findings = judge(platform.all("Certificate"), _strong)

    assert not findings.broken, findings.table()


def _strong(certificate: Item) -> Iterator[str]:
    algorithm = certificate.text("spec.privateKey.algorithm") or "RSA"
    size = certificate.number("spec.privateKey.size") or 0.0
    if certificate.text("spec.privateKey.rotationPolicy") != "Always":
        yield "keeps its key"
    if not within(size, *STRENGTH.get(algorithm, (1, 0))):
        yield f"has a key {algorithm} of {size:g} bits"
    if not within(certificate.number("spec.revisionHistoryLimit"), *REVISIONS):
        yield f"keeps {certificate.text('spec.revisionHistoryLimit') or 'every'} revisions"


ISSUED = Control(
    id="CERT-003",
    title="Every certificate MUST come from a declared issuer, and every issuer's authority from a declared secret",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cert-manager.io/docs/configuration/",
    remedy="Declare the issuer; let an ExternalSecret or Certificate write the secret that it signs with.",
    frameworks={"nist": "SC-17", "soc2": "CC6.1"},
    relates=("Certificate", "ClusterIssuer", "ExternalSecret"),
    mutants=[
        remove("ClusterIssuer", "primary:mesh", says="its issuer ClusterIssuer/mesh is not declared"),
        edit(
            "ClusterIssuer",
            "primary:mesh",
            {"spec": {"ca": {"secretName": "lost"}}},
            says="signs with lost, which nothing writes",
        ),
        remove("Certificate", _EDGE, says="issues nothing"),
    ],
)


@checks(ISSUED)
def test_certificates_are_issued(platform: Platform) -> None:
    """No certificate waits for an issuer, no issuer for its key, and none is left over."""
    issuers = platform.all("ClusterIssuer", "Issuer")
    certificates = platform.all("Certificate")
    known = {(one.site, one.kind, one.name) for one in issuers}
    used = {(one.site, one.text("spec.issuerRef.kind"), one.text("spec.issuerRef.name")) for one in certificates}
    written = {(one.site, one.text("spec.target.name") or one.name) for one in platform.all("ExternalSecret")}
    written |= {(one.site, one.text("spec.secretName")) for one in certificates}

    def issued(certificate: Item) -> str | None:
        reference = (certificate.text("spec.issuerRef.kind"), certificate.text("spec.issuerRef.name"))
        return None if (certificate.site, *reference) in known else f"its issuer {'/'.join(reference)} is not declared"

    def issues(issuer: Item) -> Iterator[str]:
        authority = issuer.text("spec.ca.secretName")
        if authority and (issuer.site, authority) not in written:
            yield f"signs with {authority}, which nothing writes"
        if not authority and not issuer.text("spec.acme.privateKeySecretRef.name"):
            yield "has neither an authority nor an account"
        if (issuer.site, issuer.kind, issuer.name) not in used:
            yield "issues nothing"

    backed, sound = judge(certificates, issued), judge(issuers, issues)

    assert not backed.broken, backed.table()
    assert not sound.broken, sound.table()


SERVED = Control(
    id="CERT-004",
    title="Every secret that a gateway serves MUST be written by a certificate for its hosts, and each certificate be used",
    system="certs",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/integrations/certmanager/",
    remedy="Name the certificate's secret in the gateway, and the gateway's hosts in the certificate.",
    frameworks={"nist": "SC-8", "pci": "4.2.1", "soc2": "CC6.7"},
    relates=("Certificate", "Gateway", "HelmRelease"),
    mutants=[
        edit("Certificate", _EDGE, {"spec": {"dnsNames": ["www.elsewhere.example"]}}, says="does not name shop."),
        remove("Certificate", _EDGE, says="serves shop-edge-tls, which no certificate writes"),
        edit(
            "Certificate",
            "primary:istio-system/istio-ca",
            {"spec": {"isCA": False}},
            says="is meant to sign, but is no authority",
        ),
    ],
)
#: Secrets that a controller reads by a name of its own, and the chart that runs it.
_BY_CONVENTION: Final = {"cacerts": "istiod", "argocd-server-tls": "argo-cd"}


@checks(SERVED)
def test_certificates_are_served(platform: Platform) -> None:
    """Whoever serves a name holds a certificate for it, in the namespace where it is read."""
    certificates, gateways = platform.all("Certificate"), platform.all("Gateway")
    written = {(one.site, one.namespace, one.text("spec.secretName")): one for one in certificates}
    running = {
        (one.site, one.text("spec.targetNamespace") or one.namespace, chart_of(one))
        for one in platform.all("HelmRelease")
    }
    served = {(gateway.site, gateway.namespace, secret) for gateway in gateways for secret, _ in _secrets(gateway)}

    def serves(gateway: Item) -> Iterator[str]:
        for secret, hosts in _secrets(gateway):
            certificate = written.get((gateway.site, gateway.namespace, secret))
            if certificate is None:
                yield f"serves {secret}, which no certificate writes"
                continue
            names = [str(name) for name in certificate.sequence("spec.dnsNames")]
            for host in hosts:
                if host != "*" and not any(_covers(name, host) for name in names):
                    yield f"{certificate.name} does not name {host}"

    def used(certificate: Item) -> Iterator[str]:
        secret = certificate.text("spec.secretName")
        reader = (certificate.site, certificate.namespace, _BY_CONVENTION.get(secret, ""))
        if (certificate.site, certificate.namespace, secret) not in served and reader not in running:
            yield f"nothing reads {secret}"
        if ("cert sign" in certificate.sequence("spec.usages")) != (
            certificate.get("spec.isCA", default=False) is True
        ):
            yield "is meant to sign, but is no authority, or the other way round"

    at_gateways, in_use = judge(gateways, serves), judge(certificates, used)

    assert not at_gateways.broken, at_gateways.table()
    assert not in_use.broken, in_use.table()


def _secrets(gateway: Item) -> Iterator[tuple[str, list[str]]]:
    for server in gateway.mappings("spec.servers"):
        tls = server.get("tls")
        if isinstance(tls, dict) and tls.get("credentialName"):
            yield str(tls["credentialName"]), [str(host).rpartition("/")[2] for host in server.get("hosts", [])]


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


CHALLENGED = Control(
    id="CERT-005",
    title="Every name MUST be provable in a DNS zone that is declared, by an identity that may write there",
    system="certs",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cert-manager.io/docs/configuration/acme/dns01/",
    remedy="Select the zone in the solver, declare it, and give cert-manager's service account an identity in its cloud.",
    frameworks={"nist": "SC-20", "soc2": "CC6.7"},
    relates=("ClusterIssuer", "Certificate", "aws_route53_zone", "google_dns_managed_zone"),
    mutants=[
        edit(
            "ClusterIssuer",
            "primary:public",
            {"spec": {"acme": {"solvers": [{"selector": {"dnsZones": ["example.org"]}}]}}},
            says="example.org, which is no declared zone",
        ),
        edit(
            "ClusterIssuer",
            "primary:public",
            {"spec": {"acme": {"solvers": [{"dns01": {"route53": None}}]}}},
            says="can not answer a challenge",
        ),
        remove("aws_route53_zone", "*", says="which is no declared zone"),
    ],
)


@checks(CHALLENGED)
def test_challenges_can_be_answered(platform: Platform) -> None:
    """The authority's challenge is answered in a zone of Terraform's, from inside the cluster, without a stored key."""
    zones = {one.text("name"): "route53" for one in platform.all("aws_route53_zone")}
    zones |= {one.text("dns_name").rstrip("."): "cloudDNS" for one in platform.all("google_dns_managed_zone")}
    names = {
        (one.site, one.text("spec.issuerRef.name"), str(name))
        for one in platform.all("Certificate")
        for name in one.sequence("spec.dnsNames")
    }

    def answers(issuer: Item) -> Iterator[str]:
        solved: list[str] = []
        for solver in issuer.mappings("spec.acme.solvers"):
            dns01 = solver.get("dns01")
            provider = next((key for key in ("route53", "cloudDNS") if isinstance(dns01, dict) and key in dns01), "")
            if not provider:
                yield "can not answer a challenge by DNS"
                continue
            selector = solver.get("selector")
            selected = (
                [str(zone) for zone in (selector or {}).get("dnsZones", [])] if isinstance(selector, dict) else []
            )
            if not selected:
                yield "answers for every zone"
            for zone in selected:
                solved.append(zone)
                if zone not in zones:
                    yield f"answers in {zone}, which is no declared zone"
                elif zones[zone] != provider and (dns01 or {}).get("cnameStrategy") != "Follow":
                    yield f"answers in {zone} through {provider}, where the zone is not"
        for site, issued_by, name in sorted(names):
            if (site, issued_by) == (issuer.site, issuer.name) and not any(
                name.endswith(f".{zone}") for zone in solved
            ):
                yield f"can not prove {name}"

    findings = judge([one for one in platform.all("ClusterIssuer", "Issuer") if one.has("spec.acme")], answers)

    assert not findings.broken, findings.table()


RELOADED = Control(
    id="CERT-006",
    title="The sites MUST hold certificates alike, and the mesh MUST take up a renewed authority without a restart",
    system="certs",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/",
    remedy="Deliver the certificates from one base; set AUTO_RELOAD_PLUGIN_CERTS for the control plane.",
    frameworks={"nist": "SC-12", "soc2": "A1.2"},
    relates=("Certificate", "HelmRelease"),
    mutants=[
        edit(
            "Certificate",
            "standby:istio-ingress/shop-edge",
            {"spec": {"renewBefore": "800h"}},
            says="differs from the other site",
        ),
        edit(
            "HelmRelease",
            "primary:*/istiod",
            {"spec": {"values": {"env": {"AUTO_RELOAD_PLUGIN_CERTS": "false"}}}},
            says="would need a restart",
        ),
    ],
)


@checks(RELOADED)
def test_renewals_drop_nothing(platform: Platform) -> None:
    """A renewal is no event at either site."""
    apart = {
        two.address: differences(one, two, "spec", texts=True, but=("dnsNames", "commonName"))
        for one, two in counterparts(platform, "Certificate")
    }
    reloads = {
        (one.site, one.text("spec.targetNamespace"))
        for one in platform.all("HelmRelease")
        if one.text("spec.values.env.AUTO_RELOAD_PLUGIN_CERTS") == "true"
    }

    def undisturbed(certificate: Item) -> Iterator[str]:
        for path in apart.get(certificate.address, []):
            yield f"differs from the other site at {path}"
        if (
            certificate.text("spec.secretName") == "cacerts"
            and (certificate.site, certificate.namespace) not in reloads
        ):
            yield "would need a restart of the mesh's control plane"

    findings = judge(platform.all("Certificate"), undisturbed)

    assert not findings.broken, findings.table()
