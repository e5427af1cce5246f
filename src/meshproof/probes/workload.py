"""A workload of one cluster as its pods are seen: whether they run, are ready, and are found by callers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Api, Object

#: What a kubelet says of a container that it will not start, however long one waits.
_NEVER: Final = ("CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "InvalidImageName")
_SERVICE: Final = "kubernetes.io/service-name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One pod that is not about to end."""

    namespace: str
    name: str
    node: str
    address: str
    container: str
    is_ready: bool
    restarts: int
    #: Since when its first container runs, and why it does not where it never will.
    runs_since: datetime | None
    stuck: str
    spec: Mapping[str, Any] = field(repr=False)

    @property
    def running_s(self) -> float:
        """For how long its first container has been running."""
        return (datetime.now(UTC) - self.runs_since).total_seconds() if self.runs_since else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the cluster says of a workload at one moment; `refused` are its own words about pods that it cannot make."""

    is_settled: bool
    refused: str
    pods: Sequence[Pod]


class Workload:
    """One object of a cluster that keeps pods, as it was given to the cluster: `declared`."""

    def __init__(self, api: Api, declared: Object) -> None:
        """Nothing is asked yet."""
        self.api = api
        self.namespace = str(declared["metadata"]["namespace"])
        self.name = str(declared["metadata"]["name"])
        self.pod: Mapping[str, Any] = declared["spec"]["template"]
        self._declared = declared

    def state(self) -> State:
        """Whether all of its pods are of its newest template and available, and which there are."""
        there = self._there()
        status, wanted = there.get("status", {}), there["spec"].get("replicas", 1)
        counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
        # a Rollout has it as text
        seen = str(status.get("observedGeneration")) == str(there["metadata"]["generation"])
        refused = [one for one in status.get("conditions", []) if one["type"] == "ReplicaFailure"]
        return State(
            is_settled=seen and counts == {wanted},
            refused=refused[0].get("message", "") if seen and refused and refused[0]["status"] == "True" else "",
            pods=self.pods(),
        )

    def _there(self) -> Mapping[str, Any]:
        """Listed, as whoever only reads a cluster may list and not get."""
        every, _, name = (self.api.path_of(self._declared) or "").rpartition("/")
        rows = self.api.get(every, fieldSelector=f"metadata.name={name}").get("items", []) if every else []
        if not rows:
            message = f"{self._declared['kind']} {self.namespace}/{self.name} is not in the cluster"
            raise ProbeError(message)
        return dict(rows[0])

    def restore(self) -> None:
        """Have as many pods again as it was given: what else scaled it is undone. Raises ProbeError."""
        self.api.scale(self._declared, int(self._declared["spec"].get("replicas", 1)))

    def pods(self) -> list[Pod]:
        """Those that are not about to end."""
        labels = ",".join(f"{key}={value}" for key, value in self._declared["spec"]["selector"]["matchLabels"].items())
        rows = self.api.get(f"/api/v1/namespaces/{self.namespace}/pods", labelSelector=labels).get("items", [])
        return [pod_of(row) for row in rows if not row["metadata"].get("deletionTimestamp")]

    def found(self, service: str) -> set[str]:
        """The names of its pods that callers of a Service are sent to."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"
        slices = self.api.get(path, labelSelector=f"{_SERVICE}={service}").get("items", [])
        return {
            str(one.get("targetRef", {}).get("name", ""))
            for row in slices
            for one in row.get("endpoints") or []
            if one.get("conditions", {}).get("ready")
        }

    def probe_s(self, kind: str) -> float:
        """For how long its first container may fail a probe before that has its effect; 0 without such a probe."""
        probe = self.pod["spec"]["containers"][0].get(f"{kind}Probe")
        if not probe:
            return 0.0
        return float(probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) + probe.get("timeoutSeconds", 1))

    def troubles(self, state: State, *, is_new: bool = True) -> Iterator[str]:
        """Why it will not settle, in words; nothing while it still may.

        Of pods that were perhaps ready before, so that it is not new, a restart alone says nothing.
        """
        if state.refused:
            yield f"its pods are refused: {state.refused}"
        allowed_s = self.probe_s("startup") + self.probe_s("readiness")
        for pod in state.pods:
            if pod.stuck:
                yield f"{pod.name} does not start: {pod.stuck}"
            elif not pod.is_ready and pod.running_s > allowed_s:
                yield f"{pod.name} is not ready although it may take {allowed_s:g} s"
            elif is_new and pod.restarts and not pod.is_ready:
                yield f"{pod.name} was restarted before it was ever ready"


def pod_of(row: Mapping[str, Any]) -> Pod:
    """What an API server says of a pod."""
    status = row.get("status", {})
    first: Mapping[str, Any] = next(iter(status.get("containerStatuses", [])), {})
    state = first.get("state", {})
    waiting, since = state.get("waiting", {}), state.get("running", {}).get("startedAt")
    ready = [one["status"] == "True" for one in status.get("conditions", []) if one["type"] == "Ready"]
    return Pod(
        namespace=row["metadata"]["namespace"],
        name=row["metadata"]["name"],
        node=row["spec"].get("nodeName", ""),
        address=status.get("podIP", ""),
        container=str(first.get("containerID", "")).rpartition("//")[2],
        is_ready=any(ready),
        restarts=first.get("restartCount", 0),
        runs_since=datetime.fromisoformat(since) if since else None,
        stuck=f"{waiting['reason']}: {waiting.get('message', '')}" if waiting.get("reason") in _NEVER else "",
        spec=row["spec"],
    )
