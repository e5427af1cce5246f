"""A pod that is no part of the mesh, from which workloads are called as strangers call them."""

from __future__ import annotations

from typing import Final

from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.waiting import until

#: Kubernetes' own, which no declared admission policy looks at: elsewhere a pod on its node's network is refused.
NAMESPACE: Final = "default"
NAME: Final = "meshproof-outsider"
#: It listens, because what runs in it is a server; nobody calls it.
_PORT: Final = 18_080
_READY_WITHIN_S: Final = 120.0
_EVERY_S: Final = 0.5


def place_outsider(api: Api, image: str) -> None:
    """Run it on its node's network, where neither a proxy nor a network policy is in its way. Raises TargetError."""
    pod = _pod(image)

    def runs() -> str:
        answer = api.apply(pod)
        return answer.says or str(api.get(str(api.path_of(pod))).get("status", {}).get("phase", ""))

    what = "the pod outside the mesh"
    try:
        until(runs, lambda says: says == "Running", within_s=_READY_WITHIN_S, every_s=_EVERY_S, what=what)
    except NotYet as error:
        raise TargetError(str(error)) from error


def _pod(image: str) -> dict[str, object]:
    metadata = {"name": NAME, "namespace": NAMESPACE, "labels": {"sidecar.istio.io/inject": "false"}}
    container = {"name": NAME, "image": image, "args": [f"--port={_PORT}"]}
    spec = {
        "hostNetwork": True,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 0,
        "containers": [container],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
