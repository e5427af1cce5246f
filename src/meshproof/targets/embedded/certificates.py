"""The certificates that gateways ask for by name, which in a cloud others would put there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from meshproof.components.authority import Authority
from meshproof.declaration.model import Declaration
from meshproof.targets.embedded.translate import Object, Translation


def gateway_secrets(
    objects: Sequence[Object], declaration: Declaration, root: Authority
) -> Iterator[tuple[Object, Translation]]:
    """A secret for each name that a server of a Gateway among the objects gives, signed by the run's own root."""
    public = set(_public_names(declaration))
    for gateway in (one for one in objects if one["kind"] == "Gateway"):
        for server in gateway.get("spec", {}).get("servers", []):
            if name := server.get("tls", {}).get("credentialName"):
                hosts = [host.rpartition("/")[2] for host in server.get("hosts", [])]
                said = Translation(address=f"Secret/{name}", says="the certificate is signed by the run's own root")
                names = sorted({one for one in hosts if one != "*"} | public)
                yield _secret(name, gateway["metadata"]["namespace"], _certificate(names, root)), said


def _certificate(names: Sequence[str], root: Authority) -> Mapping[str, str]:
    identity = root.issue(names[0] if names else "gateway", names=names)
    return {"tls.crt": identity.chain_pem, "tls.key": identity.key_pem}


def _public_names(declaration: Declaration) -> Iterator[str]:
    for address, fact in declaration.by_address.items():
        if address.startswith("fact:") and address.endswith("/shop_host"):
            yield str(fact.values["value"])


def _secret(name: str, namespace: str, data: Mapping[str, str]) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/tls",
        "stringData": dict(data),
    }
