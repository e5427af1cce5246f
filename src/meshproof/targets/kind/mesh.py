"""The mesh of both clusters in the hands of a check: its processes are pods with the sidecars that were injected."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Final

from ruamel.yaml import YAML

from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError, TargetError
from meshproof.probes.http import Reply, Request
from meshproof.probes.workload import pod_of
from meshproof.targets.embedded.changes import Changes, records_of
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.state import ProcessState, TargetState
from meshproof.targets.embedded.translate import Object
from meshproof.targets.embedded.workloads import KINDS
from meshproof.targets.kind.freezing import held
from meshproof.targets.kind.given import Given
from meshproof.targets.kind.ways import Ways

_NO_MESH: Final = (
    "no mesh runs in the clusters: name images for istiod, proxy, cni and echo with --images (echo alone where adopted "
    "clusters have an Istio of the declared revision), or look at it with --target embedded"
)


class ClusterMesh(Mesh):
    """As `Mesh`; that a call was not carried to its pod is unknown, never a refusal."""

    def __init__(self, state: TargetState, declaration: Declaration, given: Given, ways: Ways) -> None:
        """`given` says what the clusters are given of a declaration."""
        super().__init__(state, declaration)
        self._given = given
        self._ways = ways

    def processes(self, *, site: str = "", app: str = "", kind: str = "") -> list[ProcessState]:
        """As `Mesh.processes`. Raises TargetError where no mesh was installed."""
        if not any(one.processes for one in self.state.sites):
            raise TargetError(_NO_MESH)
        return super().processes(site=site, app=app, kind=kind)

    @contextmanager
    def hanging(self, app: str, *, site: str = "primary") -> Iterator[None]:
        """As `Mesh.hanging`, of every pod that runs; their kubelet may end them for it, and start them anew."""
        path = f"/api/v1/namespaces/{self.process(app, site=site).namespace}/pods"
        rows = self.api(site).get(path, labelSelector=f"app={app}").get("items", [])
        with ExitStack() as stack:
            for pod in (pod_of(row) for row in rows if "deletionTimestamp" not in row["metadata"]):
                if pod.runs_since:  # one that an autoscaler has just asked for has no process yet
                    stack.enter_context(held(pod))
            yield

    def direct(
        self,
        process: ProcessState,
        request: Request,
        *,
        tls: ssl.SSLContext | None,
        port: int = 0,
        within_s: float = 5.0,
    ) -> Reply:
        """Call a pod at its own address, from its node. Raises ProbeError where the call was not carried."""
        call = super().direct
        return self._carried(process.address, lambda: call(process, request, tls=tls, port=port, within_s=within_s))

    def through(self, process: ProcessState, request: Request, *, port: int, within_s: float = 5.0) -> Reply:
        """Call from the workload's own container: what it sends is captured. Raises ProbeError as `direct` does."""
        call = super().through
        return self._carried(process.outbound, lambda: call(process, request, port=port, within_s=within_s))

    def gateway(self, process: ProcessState, request: Request, *, port: int, within_s: float = 5.0) -> Reply:
        """Call a gateway's pod from its node. Raises ProbeError as `direct` does."""
        call = super().gateway
        return self._carried(process.address, lambda: call(process, request, port=port, within_s=within_s))

    def _as(self, declaration: Declaration) -> ClusterMesh:
        return ClusterMesh(self.state, declaration, self._given, self._ways)

    def _carried(self, address: str, call: Callable[[], Reply]) -> Reply:
        before = len(self._ways.lost(address))
        reply = call()
        if not reply.answered and (lost := self._ways.lost(address)[before:]):
            raise ProbeError(lost[-1])
        return reply

    @cached_property
    def _changes(self) -> Changes:
        return ClusterChanges(self.state, self.declaration, self.api, self._applied)

    def _applied(self, site: str, declaration: Declaration) -> Mapping[tuple[str, ...], Object]:
        """What a change moves. Pods that are looked at stay as they started: what would start now can be asked for."""
        found = self._given.by_key(declaration, site)
        if not self.state.site(site).processes:
            return found
        return {key: thing for key, thing in found.items() if thing["kind"] not in KINDS}


class ClusterChanges(Changes):
    """As `Changes`; istiod reads its settings from a ConfigMap, and pods mount what the API server holds."""

    def _move_files(self, site: str, before: Declaration, after: Declaration) -> None:
        pass

    def _move_settings(self, site: str, before: Declaration, after: Declaration) -> bool:
        old, new = (mesh_settings(records_of(one, site), {})[0] for one in (before, after))
        if old.mesh == new.mesh or not self._state.site(site).processes:
            return False
        api, path = self._api(site), f"/api/v1/namespaces/istio-system/configmaps/istio-{new.revision}"
        data = api.get(path)["data"]
        held = YAML(typ="safe").load(data["mesh"])
        answer = api.apply(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"istio-{new.revision}", "namespace": "istio-system"},
                # What is left out of an apply is taken away: the networks lie beside the settings.
                "data": {**data, "mesh": json.dumps(moved(held, old.mesh, new.mesh), indent=1)},
            }
        )
        if not answer.accepted:
            message = f"the settings of the mesh are refused by the API server of {site}: {answer.says}"
            raise TargetError(message)
        return True


def moved(held: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What is held, with what differs between two declarations of it: the chart has added to them."""
    found = {key: value for key, value in held.items() if key in new or key not in old}
    for key, value in new.items():
        before, now = old.get(key), held.get(key)
        if value != before:
            deeper = isinstance(value, Mapping) and isinstance(before, Mapping) and isinstance(now, Mapping)
            found[key] = moved(now or {}, before or {}, value) if deeper else value
    return found
