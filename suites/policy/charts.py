"""What is known of the charts that platforms install: the pods each runs and the API groups each brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from meshproof.declaration.platform import Item

_REPLICAS: Final = "replicas"
_REPLICA_COUNT: Final = "replicaCount"

#: Chart to its parts: where in its values a part stands ("" is the root) and the key of its replicas ("" has none).
PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "argo-cd": {"controller": _REPLICAS, "redis": "", "repoServer": _REPLICAS, "server": _REPLICAS},
    "argo-rollouts": {"controller": _REPLICAS},
    "aws-load-balancer-controller": {"": _REPLICA_COUNT},
    "cert-manager": {"": _REPLICA_COUNT, "cainjector": _REPLICA_COUNT, "webhook": _REPLICA_COUNT},
    "cluster-autoscaler": {"": _REPLICA_COUNT},
    "external-dns": {"": ""},
    "external-secrets": {"": _REPLICA_COUNT, "certController": "", "webhook": _REPLICA_COUNT},
    "istiod": {"": "autoscaleMax"},
    "metrics-server": {"": _REPLICAS},
    "vpa": {"recommender": _REPLICA_COUNT},
}

#: Charts whose pods run restricted unless their values say otherwise.
RESTRICTED_BY_DEFAULT: Final = frozenset({"metrics-server", "vpa", "istiod"})

#: Parts of which only one works at a time by design, so that more of them would not help.
SINGLE: Final = frozenset({("argo-cd", "controller")})

#: Chart to the API groups, or the kinds of a shared group, that it brings.
BRINGS: Final[Mapping[str, frozenset[str]]] = {
    "argo-cd": frozenset({"Application.argoproj.io", "AppProject.argoproj.io"}),
    "argo-rollouts": frozenset(
        {"Rollout.argoproj.io", "AnalysisTemplate.argoproj.io", "ClusterAnalysisTemplate.argoproj.io"}
    ),
    "aws-load-balancer-controller": frozenset({"elbv2.k8s.aws"}),
    "base": frozenset({"networking.istio.io", "security.istio.io", "telemetry.istio.io"}),
    "cert-manager": frozenset({"cert-manager.io"}),
    "external-secrets": frozenset({"external-secrets.io"}),
    "prometheus-operator-crds": frozenset({"monitoring.coreos.com"}),
    "vpa": frozenset({"autoscaling.k8s.io"}),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One set of pods of a release."""

    chart: str
    name: str
    values: Mapping[str, object]
    common: Mapping[str, object]
    replicas_key: str

    def __str__(self) -> str:
        """The part as its chart calls it."""
        return self.name or self.chart

    @property
    def replicas(self) -> object:
        """How many pods its values ask for; one where the chart has no such value."""
        return self.values.get(self.replicas_key) if self.replicas_key else 1

    @property
    def requests(self) -> Mapping[str, object]:
        """What each of its pods asks for."""
        return mapping(mapping(self.values, "resources"), "requests")


def chart_of(release: Item) -> str:
    """The chart's name, from the chart or from the artifact that holds it."""
    return release.text("spec.chart.spec.chart") or release.text("spec.chartRef.name")


def parts_of(release: Item) -> Iterator[Part]:
    """The parts that the release's chart is known to run."""
    chart = chart_of(release)
    values = release.mapping("spec.values")
    for name, key in PARTS.get(chart, {}).items():
        yield Part(chart, name, mapping(values, name) if name else values, mapping(values, "global"), key)
    if chart not in PARTS:
        for at, node in walk(values):
            if mapping(mapping(node, "resources"), "requests"):
                key = next((one for one in (_REPLICAS, _REPLICA_COUNT) if one in node), "")
                yield Part(chart, ".".join(at), node, {}, key)


def mapping(node: Mapping[str, object], key: str) -> Mapping[str, object]:
    """The mapping at a key; empty where there is none."""
    value = node.get(key)
    return value if isinstance(value, Mapping) else {}


def walk(node: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, object]]]:
    """Every mapping below a node, with its path."""
    if isinstance(node, Mapping):
        yield at, node
        for key, value in node.items():
            yield from walk(value, (*at, str(key)))
    elif isinstance(node, (list, tuple)):
        for position, value in enumerate(node):
            yield from walk(value, (*at, str(position)))


def within(value: float | None, low: float, high: float) -> bool:
    """Whether there is a value and it lies between the bounds."""
    return value is not None and low <= value <= high
