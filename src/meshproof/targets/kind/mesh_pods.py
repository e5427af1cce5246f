"""The pods that run for declared workloads: awaited, and described as what a check may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded.applications import APPLICATIONS
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.workloads import Workload
from meshproof.waiting import until

_READY_WITHIN_S: Final = 600.0
_EVERY_S: Final = 1.0

Pod = Mapping[str, Any]


def running_pods(api: Api, wanted: Mapping[str, int], found: Sequence[Workload]) -> list[ProcessState]:
    """The pods of each workload, as many as are wanted by its address, once all of them are ready.

    Raises TargetError with what the others say.
    """

    def missing() -> list[str]:
        return [one.address for one in found if len(_ready(api, one)) < wanted.get(one.address, 0)]

    try:
        until(missing, lambda left: not left, within_s=_READY_WITHIN_S, every_s=_EVERY_S, what="every pod ready")
    except NotYet as error:
        spaces = sorted({one.namespace for one in found if wanted.get(one.address)})
        message = f"{error}; {'; '.join(says_of_pods(api, one) for one in spaces)}"
        raise TargetError(message) from error
    return [_state(one, pod) for one in found if wanted.get(one.address) for pod in _ready(api, one)]


def says_of_pods(api: Api, namespace: str) -> str:
    """What the pods of a namespace that are not ready say about it, in one line."""
    rows = api.get(f"/api/v1/namespaces/{namespace}/pods").get("items", [])
    said = [f"{row['metadata']['name']}: {_trouble(row)}" for row in rows if not _is_ready(row)]
    events = api.get(f"/api/v1/namespaces/{namespace}/events").get("items", [])
    warned = [str(row.get("message", ""))[:300] for row in events if row.get("type") == "Warning"]
    return f"{namespace}: {' | '.join([*said, *dict.fromkeys(warned[-4:])]) or 'no pod is there'}"


def _ready(api: Api, workload: Workload) -> list[Pod]:
    selector = f"app={workload.labels.get('app', workload.name)}"
    rows = api.get(f"/api/v1/namespaces/{workload.namespace}/pods", labelSelector=selector).get("items", [])
    return [row for row in rows if _is_ready(row) and "deletionTimestamp" not in row["metadata"]]


def _is_ready(pod: Pod) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _trouble(pod: Pod) -> str:
    status = pod.get("status", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    words = [f"{one['name']} {_state_of(one)}" for one in containers if not one.get("ready")]
    return ", ".join(words) or str(status.get("phase", "says nothing"))


def _state_of(container: Mapping[str, Any]) -> str:
    for kind, said in (container.get("state") or {}).items():
        return f"{kind} {said.get('reason', '')} {str(said.get('message', ''))[:200]}".strip()
    return "has no state yet"


def _state(workload: Workload, pod: Pod) -> ProcessState:
    row = workload.program
    kind = row.runs if row else ""
    serves = APPLICATIONS[kind].serves if kind in APPLICATIONS else ()
    address = str(pod["status"]["podIP"])
    return ProcessState(
        name=pod["metadata"]["name"],
        kind=kind,
        workload=workload.address,
        site=workload.site,
        namespace=workload.namespace,
        account=workload.account,
        labels=pod["metadata"]["labels"],
        address=address,
        outbound=address,
        locality="",
        ports=dict(workload.ports),
        local={number: number for name in serves if (number := workload.ports.get(name))},
        admin="",
        proxy_pid=0,
        app_pid=0,
        log=Path(),
        ready_s=0.0,
    )
