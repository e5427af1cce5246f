"""A mesh's control plane that somebody else has put into adopted clusters: it is found, and left as it is."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from meshproof.components.authority import Authority
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api, Credentials

#: Where istiod finds who signs: what it was given, or else what it has made for itself.
_SECRETS: Final = ("cacerts", "istio-ca-secret")
_HOW: Final = "https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/"
_LABELS: Final = ("app", "istio.io/rev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """`image` is what its istiod runs, `signer` can sign any identity of the mesh."""

    image: str
    signer: Authority


def installed(reached: Mapping[str, Credentials], revision: str) -> Installed | None:
    """What the clusters have of the declared revision, None where none has one; `signer` is the first cluster's.

    Raises TargetError where only some have one, or nothing that both trust, or no key to sign with.
    """
    found = {site: one for site, credentials in reached.items() if (one := _in(site, credentials, revision))}
    if not found:
        return None
    if lacking := sorted(set(reached) - set(found)):
        message = (
            f"the cluster of {', '.join(found)} has an istiod of the declared revision {revision} and that of "
            f"{', '.join(lacking)} has none: install it in both, or in none"
        )
        raise TargetError(message)
    if len({one.signer.root_pem for one in found.values()}) > 1:
        message = (
            f"the meshes of the clusters of {' and '.join(found)} trust different roots, so that neither site can call "
            f"the other: give both a secret cacerts below one root, {_HOW}"
        )
        raise TargetError(message)
    return next(iter(found.values()))


def _in(site: str, credentials: Credentials, revision: str) -> Installed | None:
    with closing(Api(credentials)) as api:
        for one in api.list("apps/v1", "deployments"):
            labels = one["metadata"].get("labels", {})
            if [labels.get(name) for name in _LABELS] == ["istiod", revision]:
                containers = one["spec"]["template"]["spec"]["containers"]
                return Installed(image=containers[0]["image"], signer=_signer(api, site, one["metadata"]["namespace"]))
    return None


def _signer(api: Api, site: str, namespace: str) -> Authority:
    for name in _SECRETS:
        data: Mapping[str, str] = api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data") or {}
        files = {file: base64.b64decode(text).decode() for file, text in data.items()}
        if files.get("ca-key.pem"):
            own = files.get("ca-cert.pem", "")
            chain = own + files.get("cert-chain.pem", "").replace(own, "")
            try:
                return Authority.parsed(chain=chain, key=files["ca-key.pem"], root=files.get("root-cert.pem") or own)
            except ValueError as error:
                message = (
                    f"the secret {namespace}/{name} in the cluster of {site} holds no authority: {error}; see {_HOW}"
                )
                raise TargetError(message) from error
    message = (
        f"the cluster of {site} keeps no key of its mesh's authority (secret {' or '.join(_SECRETS)} in {namespace}): "
        f"no identity can be signed to call with; see {_HOW}"
    )
    raise TargetError(message)
