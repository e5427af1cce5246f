"""What is seen of a workload's pods, and when it is certain that they will not become ready."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meshproof.probes.kubernetes import Api
from meshproof.probes.workload import Pod, State, Workload, pod_of

PROBES = {
    "startupProbe": {"periodSeconds": 2, "failureThreshold": 30},
    "readinessProbe": {"periodSeconds": 5, "failureThreshold": 2, "timeoutSeconds": 2},
}
POD = Pod(
    namespace="shop",
    name="orders-1",
    node="one",
    address="10.0.0.1",
    container="abc",
    is_ready=False,
    restarts=0,
    runs_since=None,
    stuck="",
    spec={},
)


def workload(**container: object) -> Workload:
    """A Deployment with one container; nothing is asked of a server."""
    template = {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "orders", **container}]}}
    declared = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": "shop", "name": "orders"},
        "spec": {"selector": {"matchLabels": {"app": "orders"}}, "template": template},
    }
    return Workload(object.__new__(Api), declared)


def troubles(*pods: Pod, refused: str = "") -> Sequence[str]:
    """What is said of these pods."""
    return list(workload(**PROBES).troubles(State(is_settled=False, refused=refused, pods=pods)))


def row(**status: object) -> Mapping[str, Any]:
    """A pod as an API server has it."""
    return {"metadata": {"namespace": "shop", "name": "orders-1"}, "spec": {"nodeName": "one"}, "status": status}


def test_a_probe_takes_its_periods_and_its_last_answer() -> None:
    """With Kubernetes' defaults for what is left out."""
    found = workload(**PROBES, livenessProbe={})

    assert found.probe_s("readiness") == 12.0
    assert found.probe_s("startup") == 61.0
    assert found.probe_s("liveness") == 0.0
    assert workload(livenessProbe={"httpGet": {}}).probe_s("liveness") == 31.0


def test_a_pod_that_may_still_become_ready_is_no_trouble() -> None:
    """Its startup probe and its readiness probe have their time."""
    young = replace(POD, runs_since=datetime.now(UTC) - timedelta(seconds=60))

    assert not troubles(POD, young, replace(POD, is_ready=True, restarts=1))


@pytest.mark.parametrize(
    ("pod", "says"),
    [
        pytest.param(
            replace(POD, stuck="CreateContainerConfigError: no such user"),
            "orders-1 does not start: CreateContainerConfigError: no such user",
            id="stuck",
        ),
        pytest.param(
            replace(POD, runs_since=datetime.now(UTC) - timedelta(seconds=80)),
            "orders-1 is not ready although it may take 73 s",
            id="too late",
        ),
        pytest.param(replace(POD, restarts=1), "orders-1 was restarted before it was ever ready", id="restarted"),
    ],
)
def test_what_is_certain_is_said_at_once(pod: Pod, says: str) -> None:
    """Nobody waits for the rest of a deadline."""
    assert troubles(pod) == [says]


def test_a_restart_of_what_is_not_new_is_no_trouble() -> None:
    """Its pods may have been ready for weeks."""
    state = State(is_settled=False, refused="", pods=[replace(POD, restarts=1)])

    assert not list(workload(**PROBES).troubles(state, is_new=False))


def test_the_clusters_own_words_come_first() -> None:
    """A quota, a limit, pod security or an account that is not there."""
    assert troubles(refused="exceeded quota: compute") == ["its pods are refused: exceeded quota: compute"]


def test_a_running_pod_is_read() -> None:
    """Its first container's is the process that counts."""
    container = {
        "containerID": "containerd://abc",
        "restartCount": 2,
        "state": {"running": {"startedAt": "2026-11-28T10:00:00Z"}},
    }
    found = pod_of(
        row(podIP="10.0.0.1", containerStatuses=[container], conditions=[{"type": "Ready", "status": "True"}])
    )

    assert (found.container, found.address, found.node) == ("abc", "10.0.0.1", "one")
    assert (found.is_ready, found.restarts, found.stuck) == (True, 2, "")
    assert found.runs_since == datetime(2026, 11, 28, 10, tzinfo=UTC)


def test_a_pod_that_says_nothing_yet_is_neither_ready_nor_stuck() -> None:
    """It was only just made."""
    found = pod_of(row())

    assert (found.is_ready, found.stuck, found.running_s) == (False, "", 0.0)


@pytest.mark.parametrize(
    ("reason", "stuck"), [("CreateContainerConfigError", "CreateContainerConfigError: why"), ("ContainerCreating", "")]
)
def test_only_what_never_starts_is_stuck(reason: str, stuck: str) -> None:
    """An image that is being unpacked is not."""
    found = pod_of(row(containerStatuses=[{"state": {"waiting": {"reason": reason, "message": "why"}}}]))

    assert found.stuck == stuck
