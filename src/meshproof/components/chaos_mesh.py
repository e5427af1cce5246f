"""Chaos Mesh's own controller in a cluster, and one fault that it carries out."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from meshproof.components.authority import Authority
from meshproof.errors import NotYet, ProbeError, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.toolchain import find_bundle
from meshproof.waiting import until

#: Kubernetes' own namespace, which no declared policy takes pods of.
_NAMESPACE: Final = "default"
_NAME: Final = "meshproof-chaos"
_DEFINITIONS: Final = "chaos-mesh-crds"
_FAULT: Final = ("chaos-mesh.org/v1alpha1", "PodChaos")
_GROUP: Final = "rbac.authorization.k8s.io"
_CERTIFICATES: Final = "/etc/webhook/certs"
_METRICS: Final = 10080
_STARTED_WITHIN_S: Final = 120.0
_SERVED_WITHIN_S: Final = 60.0
#: From the fault's object to its word that all that it chose has it, and back.
_ACTS_WITHIN_S: Final = 30.0
_WATCHED: Final = ["get", "list", "watch"]
#: Source: controller-manager-rbac.yaml of Chaos Mesh's chart
_IN_TARGET: Final = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": [*_WATCHED, "create", "delete", "update", "patch"]},
    {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": [*_WATCHED, "delete", "update", "patch"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": [*_WATCHED, "create", "patch"]},
    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    {"apiGroups": ["chaos-mesh.org"], "resources": ["*"], "verbs": ["*"]},
]
_IN_CLUSTER: Final = [
    {"apiGroups": [""], "resources": ["nodes", "persistentvolumes", "persistentvolumeclaims"], "verbs": _WATCHED},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
    # The chart leaves these out for a controller that is bound to one namespace, which then waits for them for ever.
    {"apiGroups": ["chaos-mesh.org"], "resources": ["remoteclusters"], "verbs": _WATCHED},
]
_AT_HOME: Final = [
    {"apiGroups": [""], "resources": ["services", "secrets", "configmaps"], "verbs": _WATCHED},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _WATCHED},
]


@contextmanager
def controller(api: Api, image: str, *, target: str, pause: str) -> Iterator[None]:
    """Run one that may reach the namespace `target` only, until the end of the block.

    A pod that it fails runs the image `pause`. Raises TargetError where it does not start.
    """
    _define(api)
    with ExitStack() as stack:
        for thing in _objects(image, target, pause):
            answer = api.apply(thing)
            if not answer.accepted:
                message = f"Chaos Mesh's controller is refused: {thing['kind']}: {answer.says}"
                raise TargetError(message)
            stack.callback(api.delete, thing)

        def is_ready() -> bool:
            status = api.get(f"/api/v1/namespaces/{_NAMESPACE}/pods/{_NAME}").get("status", {})
            return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))

        try:
            until(is_ready, bool, within_s=_STARTED_WITHIN_S, every_s=0.5, what="Chaos Mesh's controller ready")
        except NotYet as error:
            raise TargetError(str(error)) from error
        yield


def _define(api: Api) -> None:
    """Make sure that every kind is served which it watches, declared or not: they stay. Raises TargetError."""
    for file in find_bundle(_DEFINITIONS).files:
        answer = api.define(file.read_text(encoding="utf-8"))
        if not answer.accepted:
            message = f"the definition {answer.name} is refused: {answer.says}"
            raise TargetError(message)

    def is_served() -> bool:
        api.forget_resources()
        return _FAULT in api.resources

    try:
        until(is_served, bool, within_s=_SERVED_WITHIN_S, every_s=0.5, what="Chaos Mesh's kinds served")
    except NotYet as error:
        raise TargetError(str(error)) from error


@contextmanager
def fault(api: Api, thing: Mapping[str, Any]) -> Iterator[None]:
    """Have a declared fault until the end of the block, and then all of it undone; it may find nothing to disturb.

    Raises ProbeError where the controller does not act on it, or does not undo it.
    """
    answer = api.apply(thing)
    if not answer.accepted:
        message = f"the fault {thing['metadata']['name']} is refused: {answer.says}"
        raise ProbeError(message)
    path = str(api.path_of(thing))
    try:
        try:
            until(lambda: _told(api, path), _is_injected, within_s=_ACTS_WITHIN_S, every_s=0.5, what="a fault injected")
        except NotYet as error:
            if not _told(api, path):
                raise ProbeError(str(error)) from error
        yield
    finally:
        api.delete(thing)
        until(lambda: api.get(path), lambda left: not left, within_s=_ACTS_WITHIN_S, every_s=0.5, what="a fault undone")


def _told(api: Api, path: str) -> Mapping[str, str]:
    """What the controller says of a fault, by the name of its condition."""
    return {one["type"]: one["status"] for one in api.get(path).get("status", {}).get("conditions") or []}


def _is_injected(told: Mapping[str, str]) -> bool:
    """Whether it has chosen, and every pod that it chose has the fault."""
    return told.get("Selected") == "True" and told.get("AllInjected") == "True"


def _objects(image: str, target: str, pause: str) -> Iterator[dict[str, Any]]:
    identity = Authority.new(_NAME).issue(_NAME, names=(_NAME,))
    texts = {"tls.crt": identity.chain_pem, "tls.key": identity.key_pem}
    data = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    account = {"automountServiceAccountToken": False}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _called(_NAMESPACE), **account}
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": _called(_NAMESPACE), "data": data}
    for namespace, rules in ((target, _IN_TARGET), (_NAMESPACE, _AT_HOME), ("", _IN_CLUSTER)):
        kind = "Role" if namespace else "ClusterRole"
        yield {"apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": _called(namespace), "rules": rules}
        yield {
            "apiVersion": f"{_GROUP}/v1",
            "kind": f"{kind}Binding",
            "metadata": _called(namespace),
            "roleRef": {"apiGroup": _GROUP, "kind": kind, "name": _NAME},
            "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}],
        }
    yield _pod(image, target, pause)


def _called(namespace: str) -> dict[str, str]:
    return {"name": _NAME, **({"namespace": namespace} if namespace else {})}


def _pod(image: str, target: str, pause: str) -> dict[str, Any]:
    environment = {
        "NAMESPACE": _NAMESPACE,
        "CLUSTER_SCOPED": "false",
        "TARGET_NAMESPACE": target,
        "ENABLE_LEADER_ELECTION": "false",
        "CHAOSD_SECURITY_MODE": "false",
        "POD_FAILURE_PAUSE_IMAGE": pause,
        "METRICS_PORT": str(_METRICS),
        "CERTS_DIR": _CERTIFICATES,
    }
    container = {
        "name": "controller",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/local/bin/chaos-controller-manager"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "readinessProbe": {"httpGet": {"path": "/metrics", "port": _METRICS}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "1m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "certificates", "mountPath": _CERTIFICATES, "readOnly": True}],
    }
    spec = {
        "serviceAccountName": _NAME,
        "automountServiceAccountToken": True,
        "terminationGracePeriodSeconds": 0,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10_001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "certificates", "secret": {"secretName": _NAME}}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**_called(_NAMESPACE), "labels": {"app": _NAME}},
        "spec": spec,
    }
