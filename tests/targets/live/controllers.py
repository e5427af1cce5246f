"""What the controllers of a cluster do, by hand: pods that are there and ready, and a budget that has counted them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from meshproof.probes.kubernetes import Credentials
from meshproof.waiting import ticking

READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
#: What the declared namespace's pod security and admission policies let in.
_SPEC: Mapping[str, Any] = {
    "containers": [
        {
            "name": "app",
            "image": "registry.k8s.io/app@sha256:" + "0" * 64,
            "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}, "limits": {"cpu": "1m", "memory": "1Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
        }
    ],
    "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    "serviceAccountName": "orders",
    "automountServiceAccountToken": False,
}
_NAMESPACE = "/api/v1/namespaces/shop/pods"
_BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
_MERGED = {"Content-Type": "application/merge-patch+json"}


def budget(app: str, unavailable: object = 1) -> dict[str, Any]:
    """What lets so many of its pods go."""
    spec = {"maxUnavailable": unavailable, "selector": {"matchLabels": {"app": app}}}
    metadata = {"name": app, "namespace": "shop"}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}


class Controllers:
    """Those of one workload of two pods, whose label `app` is the name of its budget."""

    def __init__(self, credentials: Credentials, app: str, *, wanted: int = 2) -> None:
        """Nothing is done yet."""
        context = ssl.create_default_context(cafile=str(credentials.authority))
        assert credentials.certificate is not None
        assert credentials.key is not None
        context.load_cert_chain(credentials.certificate, credentials.key)
        self._client = httpx.Client(base_url=credentials.url, verify=context, trust_env=False)
        self.app, self.wanted = app, wanted
        self._made = 0
        self._saw_fewer = False

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def pods(self) -> list[str]:
        """The names of those that are there."""
        rows = self._client.get(_NAMESPACE, params={"labelSelector": f"app={self.app}"}).json()["items"]
        return [one["metadata"]["name"] for one in rows]

    def make(self) -> None:
        """All pods that are wanted, and the count of them."""
        while len(self.pods()) < self.wanted:
            name = f"{self.app}-{self._made}"
            self._made += 1
            pod = {"apiVersion": "v1", "kind": "Pod", "spec": _SPEC}
            self._send("POST", _NAMESPACE, {**pod, "metadata": {"name": name, "labels": {"app": self.app}}})
            self._send("PATCH", f"{_NAMESPACE}/{name}/status", {"status": READY})
        self.count()

    def count(self, **other: object) -> None:
        """As the controller of budgets does, but for what `other` says."""
        there = self._client.get(f"{_BUDGETS}/{self.app}")
        if there.status_code == httpx.codes.NOT_FOUND:
            return
        generation, healthy = there.json()["metadata"]["generation"], len(self.pods())
        counted = {"observedGeneration": generation, "expectedPods": self.wanted, "currentHealthy": healthy}
        counted |= {"desiredHealthy": self.wanted - 1, "disruptionsAllowed": max(0, healthy - self.wanted + 1)}
        self._send("PATCH", f"{_BUDGETS}/{self.app}/status", {"status": {**counted, "disruptedPods": None, **other}})

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Put back what goes, a second later at the soonest."""
        with ticking(self._turn, every_s=1.0):
            yield

    def _turn(self) -> None:
        fewer = len(self.pods()) < self.wanted
        if fewer and self._saw_fewer:
            self.make()
        self._saw_fewer = fewer

    def _send(self, method: str, path: str, body: dict[str, Any]) -> None:
        headers = _MERGED if method == "PATCH" else {"Content-Type": "application/json"}
        answer = self._client.request(method, path, content=json.dumps(body), headers=headers)
        assert answer.is_success, answer.text
