"""A pod that calls others from where it stands: what reaches them is seen from inside the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from meshproof.errors import NotYet, ProbeError, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.waiting import until

_PORT: Final = 8089
_STARTED_WITHIN_S: Final = 120.0
_OK: Final = 200
#: What says that somebody took the connection, and then did not care for it: a sidecar that wants TLS.
_TAKEN: Final = ("EOF", "reset by peer")
#: As the restricted level of pod security wants it.
_CONFINED: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}
#: A sidecar would answer in the place of whoever is called.
_UNMESHED: Final = {"sidecar.istio.io/inject": "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A running pod of Kubernetes' agnhost."""

    api: Api
    namespace: str
    name: str
    address: str

    def reaches(self, address: str, port: int = _PORT) -> bool:
        """Whether its packets come to an address: a request that is answered, or broken off by whoever took it.

        Raises ProbeError where it cannot be told to ask.
        """
        query = urlencode({"host": address, "port": port, "request": "/", "protocol": "http", "tries": 1})
        status, said = self.api.ask_pod(self.namespace, self.name, _PORT, f"dial?{query}")
        try:
            answer = json.loads(said)
            return bool(answer.get("responses")) or any(one in said for one in _TAKEN)
        except (ValueError, AttributeError) as error:
            message = f"{self.namespace}/{self.name} does not call: HTTP {status} {said[:200]}"
            raise ProbeError(message) from error


@contextmanager
def calling(  # noqa: PLR0913  what a pod is made of
    api: Api, image: str, *, namespace: str, name: str, labels: Mapping[str, str], account: str = "default"
) -> Iterator[Caller]:
    """Run one until the end of the block. Raises TargetError where it does not start."""
    pod = _pod(image, namespace, name, labels, account)
    answer = api.apply(pod)
    if not answer.accepted:
        message = f"a pod that calls from {namespace} as {account} is refused: {answer.says}"
        raise TargetError(message)
    try:
        yield Caller(api=api, namespace=namespace, name=name, address=_started(api, namespace, name))
    finally:
        api.end(namespace, name, within_s=0)


def _started(api: Api, namespace: str, name: str) -> str:
    """Its address, once it can be told what to call."""

    def look() -> Mapping[str, Any]:
        found: Mapping[str, Any] = api.get(f"/api/v1/namespaces/{namespace}/pods/{name}").get("status", {})
        return found

    def answers(status: Mapping[str, Any]) -> bool:
        return bool(status.get("podIP")) and api.ask_pod(namespace, name, _PORT, "hostname")[0] == _OK

    try:
        status = until(look, answers, within_s=_STARTED_WITHIN_S, every_s=0.5, what=f"{namespace}/{name} that calls")
    except NotYet as error:
        raise TargetError(str(error)) from error
    return str(status.value["podIP"])


def _pod(image: str, namespace: str, name: str, labels: Mapping[str, str], account: str) -> dict[str, Any]:
    container = {
        "name": "caller",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["netexec", f"--http-port={_PORT}", "--udp-port=-1"],
        "resources": {"requests": {"cpu": "1m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": _CONFINED,
    }
    spec = {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10_001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    metadata = {"namespace": namespace, "name": name, "labels": {**labels, **_UNMESHED}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
