"""What a real API server keeps of a declared false or 0, and what it leaves out: the first must be there, the second not."""

from __future__ import annotations

from typing import Any

import pytest

from meshproof.probes.standing import Standing
from tests.targets.live.conftest import Foreign

_META = {"name": "switches", "namespace": "shop"}
_POD: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "hostIPC": False,
    "hostNetwork": False,
    "hostPID": False,
    "containers": [
        {
            "name": "app",
            "image": "app:1",
            "args": [""],
            "stdin": False,
            "tty": False,
            "readinessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": 0},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp", "readOnly": False, "subPath": ""}],  # noqa: S108
            "securityContext": {"allowPrivilegeEscalation": False, "privileged": False},
        }
    ],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
OFF: tuple[dict[str, Any], ...] = (
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _META, "automountServiceAccountToken": False},
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _META,
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,
            "publishNotReadyAddresses": False,
            "ports": [{"port": 80}],
        },
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _META,
        "spec": {
            "minReadySeconds": 0,
            "paused": False,
            "selector": {"matchLabels": {"app": "switches"}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0}},
            "template": {"metadata": {"labels": {"app": "switches"}}, "spec": _POD},
        },
    },
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "switches"},
        "value": 7,
        "globalDefault": False,
    },
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _META,
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "switches"},
            "behavior": {"scaleUp": {"stabilizationWindowSeconds": 0}},
        },
    },
)


@pytest.mark.parametrize("thing", OFF, ids=lambda one: str(one["kind"]))
def test_what_is_declared_off_stands_as_declared(foreign: Foreign, thing: dict[str, Any]) -> None:
    """Neither a switch that the server keeps nor one that it leaves out is a difference."""
    answer = foreign.api.apply(thing)

    assert answer.accepted, answer.says
    assert list(Standing(foreign.api).differences(thing)) == []


def test_a_switch_that_was_taken_out_is_named(foreign: Foreign) -> None:
    """Without it, every pod of the account is given a token."""
    declared = {**OFF[0], "metadata": {**_META, "name": "taken-out"}}
    foreign.api.apply({key: value for key, value in declared.items() if key != "automountServiceAccountToken"})

    assert list(Standing(foreign.api).differences(declared)) == [
        "automountServiceAccountToken: is nothing, declared is False"
    ]
