"""Clusters with and without a mesh's control plane of somebody else's: two real API servers."""

import base64
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from meshproof.components.authority import Authority, Identity
from meshproof.components.istiod import authority_files
from meshproof.components.kube_apiserver import ApiServer
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.targets.kind.installed import installed

IMAGE = "docker.io/istio/pilot:1.30.1"
SPACE: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}
ROOT = Authority.new("somebody's root")


@pytest.fixture
def clusters(api_server: ApiServer, other_api_server: ApiServer) -> Iterator[Mapping[str, Api]]:
    """A client of each site's; what a test leaves in them is taken away."""
    with (
        closing(Api(api_server.credentials)) as primary,
        closing(Api(other_api_server.credentials)) as standby,
    ):
        found = {"primary": primary, "standby": standby}
        for api in found.values():
            assert api.apply(SPACE).accepted
        yield found
        for api in found.values():
            for thing in (istiod(), secret("cacerts", {}), secret("istio-ca-secret", {})):
                api.delete(thing)


@pytest.fixture
def reached(api_server: ApiServer, other_api_server: ApiServer) -> Mapping[str, Credentials]:
    """The ways in."""
    return {"primary": api_server.credentials, "standby": other_api_server.credentials}


def istiod(revision: str = "1-30") -> dict[str, Any]:
    """A control plane's Deployment."""
    labels = {"app": "istiod", "istio.io/rev": revision}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "discovery", "image": IMAGE}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    metadata = {"name": "istiod", "namespace": "istio-system", "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def secret(name: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Who signs."""
    data = {key: base64.b64encode(text.encode()).decode() for key, text in files.items()}
    metadata = {"name": name, "namespace": "istio-system"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def given(api: Api, *things: Mapping[str, Any]) -> None:
    """Put objects into a cluster."""
    for one in things:
        answer = api.apply(one)
        assert answer.accepted, answer.says


def test_where_there_is_none_one_may_be_installed(
    clusters: Mapping[str, Api], reached: Mapping[str, Credentials]
) -> None:
    """One of another revision injects into nothing that is declared."""
    given(clusters["primary"], istiod("default"))

    assert installed(reached, "1-30") is None


def test_what_it_was_given_signs(clusters: Mapping[str, Api], reached: Mapping[str, Credentials]) -> None:
    """Each site has an authority of its own below one root, which trusts what the first of them signs."""
    for site, api in clusters.items():
        files = dict(authority_files(ROOT.intermediate(site)))
        given(api, istiod(), secret("cacerts", files), secret("istio-ca-secret", {"ca-key.pem": "not read"}))

    found = installed(reached, "1-30")

    assert found is not None
    assert found.image == IMAGE
    assert found.signer.root_pem == ROOT.root_pem
    leaf = found.signer.issue("caller", names=["spiffe://cluster.local/ns/shop/sa/orders"])
    leaf.certificate.verify_directly_issued_by(found.signer.identity.certificate)
    leaf.chain[0].verify_directly_issued_by(ROOT.root)
    assert ROOT.root not in leaf.chain


def test_what_it_has_made_for_itself_signs(clusters: Mapping[str, Api], reached: Mapping[str, Credentials]) -> None:
    """An RSA key, as istiod makes one, and no root beside it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = ROOT.identity
    certificate = (
        x509.CertificateBuilder()
        .subject_name(own.certificate.subject)
        .issuer_name(own.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(own.certificate.not_valid_before_utc)
        .not_valid_after(own.certificate.not_valid_after_utc)
        .sign(key, own.certificate.signature_hash_algorithm)
    )
    made = Identity(certificate=certificate, key=key)
    for api in clusters.values():
        given(api, istiod(), secret("istio-ca-secret", {"ca-cert.pem": made.pem, "ca-key.pem": made.key_pem}))

    found = installed(reached, "1-30")

    assert found is not None
    assert found.signer.root == certificate
    leaf = found.signer.issue("caller")
    leaf.certificate.verify_directly_issued_by(certificate)
    assert not leaf.chain
    assert serialization.load_pem_private_key(made.key_pem.encode(), password=None)


def test_a_mesh_at_one_site_only_is_refused(clusters: Mapping[str, Api], reached: Mapping[str, Credentials]) -> None:
    """What the other is to have would be guessed."""
    given(clusters["standby"], istiod(), secret("cacerts", authority_files(ROOT)))

    with pytest.raises(TargetError, match=r"standby has an istiod of the declared revision 1-30 and that of primary"):
        installed(reached, "1-30")


def test_two_roots_are_refused(clusters: Mapping[str, Api], reached: Mapping[str, Credentials]) -> None:
    """No call would come to the other site."""
    for name, api in clusters.items():
        given(api, istiod(), secret("cacerts", authority_files(Authority.new(name))))

    with pytest.raises(TargetError, match=r"primary and standby trust different roots"):
        installed(reached, "1-30")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param({}, "keeps no key of its mesh's authority", id="elsewhere"),
        pytest.param({"ca-key.pem": "x", "ca-cert.pem": "y"}, "holds no authority", id="nonsense"),
        pytest.param({"ca-key.pem": "x"}, "holds no authority", id="half"),
    ],
)
def test_a_mesh_without_a_key_is_said(
    clusters: Mapping[str, Api], reached: Mapping[str, Credentials], files: Mapping[str, str], words: str
) -> None:
    """One sentence with the cluster's site."""
    for api in clusters.values():
        given(api, istiod(), secret("cacerts", files))

    with pytest.raises(TargetError, match=words) as refused:
        installed(reached, "1-30")
    assert "primary" in str(refused.value)
