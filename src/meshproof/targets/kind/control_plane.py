"""The mesh's control plane in a cluster: installed from the declared releases of Istio's charts, and awaited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from meshproof.components.authority import Authority
from meshproof.components.istiod import authority_files
from meshproof.declaration.model import Record
from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.targets.charts import laid_over, rendered
from meshproof.targets.embedded.mesh_settings import chart_of
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.mesh_pods import says_of_pods
from meshproof.waiting import until

#: In this order: what the others stand on first.
CHARTS: Final = ("base", "istiod", "cni")
#: All of a site's pods share the processors of one machine with the API servers.
_READY_WITHIN_S: Final = 600.0
_EVERY_S: Final = 0.5
_SMALL: Final = {"requests": {"cpu": "10m", "memory": "64Mi"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """What one site's is made of; `authority` signs the workloads, `peers` says where other networks are reached."""

    records: Sequence[Record]
    images: Images
    authority: Authority
    peers: Mapping[str, str]

    def install(self, api: Api) -> list[Translation]:
        """Apply every declared release and wait for its programs. Raises TargetError with what they say instead."""
        said: list[Translation] = []
        _apply(api, [_signs(self.authority)])
        for chart in CHARTS:
            release = next((one for one in self.records if chart_of(one) == chart), None)
            if release is not None:
                values = instead(release, chart, self.images, self.peers)
                objects = rendered(release, chart, values)
                _apply(api, objects)
                said += [Translation(address=release.address, says=f"{one}, on one machine") for one in _told(values)]
                for one in objects:
                    _await(api, one)
        return said


def instead(release: Record, chart: str, images: Images, peers: Mapping[str, str]) -> Mapping[str, Any]:
    """The values that a cluster on one machine has instead of those of a declared release.

    Raises TargetError where an image is missing that the release needs.
    """
    if chart == "istiod":
        shared: dict[str, Any] = {one: {"image": images.proxy} for one in ("proxy", "proxy_init")}
        own: dict[str, Any] = {
            "image": images.istiod,
            "autoscaleEnabled": False,
            "replicaCount": 1,
            "resources": _SMALL,
            "global": {**shared, "meshNetworks": _networks(release, peers)},
        }
        return laid_over(own, images.istiod_values)
    if chart == "cni":
        if not images.cni:
            message = f"{release.address} is declared: name an image for the role cni with --images"
            raise TargetError(message)
        return {"image": images.cni, "resources": _SMALL}
    return {}


def _networks(release: Record, peers: Mapping[str, str]) -> Mapping[str, Any]:
    """By number, what is declared by name: Envoy refuses all endpoints beside one whose name nobody resolves."""
    spec: Any = release.values["spec"]
    declared = spec.get("values", {}).get("global", {}).get("meshNetworks", {})
    return {
        name: {"gateways": [{**one, "address": peers[name]} for one in network["gateways"]]}
        for name, network in declared.items()
        if name in peers and any("address" in one for one in network.get("gateways", []))
    }


def _signs(authority: Authority) -> Object:
    """The secret from which istiod takes its authority: one that this run has the root of."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cacerts", "namespace": "istio-system"},
        "stringData": dict(authority_files(authority)),
    }


def _apply(api: Api, objects: Sequence[Object]) -> None:
    for one in objects:
        answer = api.apply(one)
        if not answer.accepted:
            message = f"{answer.kind} {answer.name} of the control plane is refused by the API server: {answer.says}"
            raise TargetError(message)


def _told(values: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        here = f"{path}{key}"
        if isinstance(value, Mapping):
            yield from _told(value, f"{here}.")
        else:
            yield f"{here} is {value}"


def _await(api: Api, thing: Object) -> None:
    """Wait until every pod of a Deployment or DaemonSet is ready."""
    path = api.path_of(thing)
    if thing["kind"] not in ("Deployment", "DaemonSet") or path is None:
        return
    name, namespace = thing["metadata"]["name"], thing["metadata"]["namespace"]

    def is_ready() -> bool:
        return _runs(api.get(path).get("status", {}))

    try:
        until(is_ready, bool, within_s=_READY_WITHIN_S, every_s=_EVERY_S, what=f"{thing['kind']} {namespace}/{name}")
    except NotYet as error:
        message = f"{error}; {says_of_pods(api, namespace)}"
        raise TargetError(message) from error


def _runs(status: Mapping[str, Any]) -> bool:
    wanted = status.get("desiredNumberScheduled", status.get("replicas", 0))
    ready = status.get("numberReady", status.get("readyReplicas", 0))
    return bool(wanted) and wanted == ready
