"""What runs for a declared workload on one machine: the image that stands for its own, as many pods as a row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meshproof.declaration.model import Record
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Program, Workload, workloads
from meshproof.targets.kind.images import Images

_POD: Final = ("spec", "template", "spec")
_CONTAINERS: Final = ("containers", "initContainers")
#: What a Deployment has of a Rollout.
_KEPT: Final = ("replicas", "selector", "template", "revisionHistoryLimit", "progressDeadlineSeconds")
#: All pods of a site share the processors of one machine. What nobody calls takes less of this than an autoscaler aims
#: at, and what is called takes more.
_CPU: Final = "5m"
#: How many pods an autoscaler may add to those that run.
_ROOM: Final = 1
#: By itself it listens where a workload may have its metrics.
_TCP: Final = 7071
#: What has the pods of a Rollout, under its name.
DEPLOYMENT: Final = ("apps/v1", "Deployment")


@dataclass(kw_only=True)
class StandIns:
    """What stands for the workloads of a site, and what was changed for that."""

    found: Sequence[Workload]
    images: Images
    said: list[Translation] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look each workload up by its place."""
        self._by_place = {(one.namespace, one.name): one for one in self.found}

    @property
    def wanted(self) -> Mapping[str, int]:
        """By address: how many pods run of each workload."""
        return {one.address: self._count(one) for one in self.found}

    def placed(self, objects: Sequence[Object]) -> list[Object]:
        """The objects as the cluster is given them; what nothing stands for is applied at 0 replicas."""
        return [each for one in objects for each in self._placed(one)]

    def _placed(self, thing: Object) -> Iterator[Object]:
        workload = self._by_place.get((thing["metadata"].get("namespace", ""), thing["metadata"]["name"]))
        if thing["kind"] == "HorizontalPodAutoscaler":
            yield self._scaling(thing)
        elif workload is None or not _pod(thing):
            yield thing
        elif not self._count(workload):
            images = ", ".join(_images(thing))
            self._say(thing, f"0 replicas: no image stands for {images}")
            yield {**thing, "spec": {**thing["spec"], "replicas": 0}}
        else:
            yield from self._running(thing, workload)

    def _running(self, thing: Object, workload: Workload) -> Iterator[Object]:
        count = self._count(workload)
        first, *rest = _pod(thing)["containers"]
        image = self.images.of(workload.program.runs) if workload.program else ""
        if image != first["image"]:
            self._say(thing, f"its image {first['image']} is {image}")
        self._say(thing, f"{count} pods, which ask for next to no processor time and start without their secrets")
        # An image without a version, as the injector's "auto" is, would be asked a registry for at every start.
        own = {"imagePullPolicy": "IfNotPresent", **first, "image": image, **_started(workload)}
        pod = _without_secrets({**_pod(thing), "containers": [_small(one) for one in (own, *rest)]})
        spec = {**thing["spec"], "replicas": count, "template": {**thing["spec"]["template"], "spec": pod}}
        yield {**thing, "spec": spec}
        if thing["kind"] == "Rollout":
            self._say(thing, "nothing here controls Rollouts: a Deployment of the same name has its pods")
            yield _deployment(thing, spec)

    def _scaling(self, thing: Object) -> Object:
        """An autoscaler of what runs here, within bounds that one machine can hold."""
        spec = thing["spec"]
        target = spec.get("scaleTargetRef", {})
        workload = self._by_place.get((thing["metadata"].get("namespace", ""), target.get("name", "")))
        count = self._count(workload) if workload else 0
        if not count:
            return thing
        least, most = min(spec.get("minReplicas", 1), count), min(spec["maxReplicas"], count + _ROOM)
        self._say(thing, f"{least} replicas at least and {most} at most")
        if target.get("kind") == "Rollout":
            version, kind = DEPLOYMENT
            target = {**target, "apiVersion": version, "kind": kind}
            self._say(thing, "it scales the Deployment that has the Rollout's pods")
        return {**thing, "spec": {**spec, "minReplicas": least, "maxReplicas": most, "scaleTargetRef": target}}

    def _count(self, workload: Workload) -> int:
        row = workload.program
        if row is None or not self.images.of(row.runs) or not row.count(workload.site):
            return 0
        return max(row.count(workload.site), row.pods)

    def _say(self, thing: Object, says: str) -> None:
        metadata = thing["metadata"]
        address = f"{thing['kind']}/{metadata.get('namespace', '')}/{metadata['name']}"
        self.said.append(Translation(address=address, says=says))


def stand_ins(records: Sequence[Record], programs: Sequence[Program], images: Images) -> StandIns:
    """Those of the declared workloads of a site."""
    return StandIns(found=list(workloads(records, programs)), images=images)


def _started(workload: Workload) -> Mapping[str, object]:
    """What Istio's echo server is started with: it says who it is in every answer. Its TCP port must not be taken."""
    if workload.program is None or workload.program.runs != "echo":
        return {}
    ports = [f"--port={number}" for number in workload.ports.values()]
    return {
        "args": [
            *ports,
            f"--tcp={_TCP}",
            f"--version={workload.name}-0",
            f"--cluster={workload.site}",
            "--istio-version=",
        ]
    }


def _small(container: Mapping[str, Any]) -> Mapping[str, Any]:
    resources = container.get("resources", {})
    requests = {**resources.get("requests", {}), "cpu": _CPU}
    return {**container, "resources": {**resources, "requests": requests}}


def _without_secrets(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pod, which starts where a secret is not there that the cloud would give."""
    volumes = [
        {**one, "secret": {**one["secret"], "optional": True}} if "secret" in one else one
        for one in pod.get("volumes", [])
    ]
    return {**pod, "volumes": volumes} if volumes else pod


def _deployment(rollout: Object, spec: Mapping[str, Any]) -> Object:
    kept = {key: spec[key] for key in _KEPT if key in spec}
    canary = spec.get("strategy", {}).get("canary", {})
    rolling = {key: canary[key] for key in ("maxSurge", "maxUnavailable") if key in canary}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    version, kind = DEPLOYMENT
    metadata = rollout["metadata"]
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {**kept, "strategy": strategy}}


def _pod(thing: Object) -> Mapping[str, Any]:
    found: object = thing
    for part in _POD:
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _images(thing: Object) -> Iterator[str]:
    for part in _CONTAINERS:
        for container in _pod(thing).get(part, []):
            yield container.get("image", "")
