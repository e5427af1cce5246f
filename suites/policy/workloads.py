"""Pods and who stands before them: workloads, their labels, ports, services and identities."""

from __future__ import annotations

from collections.abc import Mapping

from meshproof.declaration.platform import Item, Platform

#: Kinds that hold a pod template, whoever rolls it out.
WORKLOADS = ("Deployment", "Rollout", "StatefulSet", "DaemonSet")

#: Ports that an Istio proxy opens in each pod: metrics, readiness, statistics.
PROXY_PORTS = frozenset({15020, 15021, 15090})

Labels = Mapping[str, object]


def pod_labels(workload: Item) -> Labels:
    """The labels of the pods of a workload."""
    return workload.mapping("spec.template.metadata.labels")


def containers(workload: Item) -> list[tuple[str, Mapping[str, object]]]:
    """Each container with the path at which it stands."""
    base = "spec.template.spec.containers"
    return [(f"{base}.{index}", one) for index, one in enumerate(workload.mappings(base))]


def selects(selector: object, labels: Labels) -> bool:
    """Whether a label selector (matchLabels and matchExpressions, or a bare mapping) takes pods of these labels."""
    if not isinstance(selector, Mapping):
        return False
    if not {"matchLabels", "matchExpressions"} & selector.keys():
        return all(labels.get(key) == value for key, value in selector.items())
    wanted, rules = selector.get("matchLabels") or {}, selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in dict(wanted).items()) and all(
        _meets(one, labels) for one in rules
    )


def _meets(rule: Mapping[str, object], labels: Labels) -> bool:
    key, values = str(rule.get("key")), rule.get("values") or ()
    return {
        "In": labels.get(key) in tuple(values),  # type: ignore[arg-type]  # a list of the API
        "NotIn": labels.get(key) not in tuple(values),  # type: ignore[arg-type]  # a list of the API
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }.get(str(rule.get("operator")), False)


def workloads_of(platform: Platform, selector: object, *, site: str, namespace: str) -> list[Item]:
    """The workloads of a namespace whose pods a selector takes."""
    return [
        one for one in platform.all(*WORKLOADS, site=site, namespace=namespace) if selects(selector, pod_labels(one))
    ]


def container_ports(workload: Item) -> dict[object, int]:
    """Port numbers by name, and by themselves."""
    found: dict[object, int] = {}
    for _, container in containers(workload):
        for port in container.get("ports") or ():  # type: ignore[attr-defined]  # a list of the API
            number = port.get("containerPort")
            found[number] = number
            if port.get("name"):
                found[port["name"]] = number
    return found


def host_of(service: Item) -> str:
    """The name by which the mesh knows a Service."""
    return f"{service.name}.{service.namespace}.svc.cluster.local"


def principal_of(workload: Item) -> str:
    """The SPIFFE path of a workload, without its trust domain."""
    return f"ns/{workload.namespace}/sa/{workload.text('spec.template.spec.serviceAccountName') or 'default'}"


def texts(values: object) -> list[str]:
    """The texts among the values; what is known only after apply is none."""
    return [one for one in values if isinstance(one, str)] if isinstance(values, (list, tuple)) else []


def meshed(platform: Platform) -> list[Item]:
    """The namespaces whose pods get a proxy."""
    return [
        one
        for one in platform.all("Namespace")
        if one.label("istio.io/rev") or one.label("istio-injection") == "enabled"
    ]
