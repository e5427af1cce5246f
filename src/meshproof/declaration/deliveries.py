"""What Flux and Argo CD deliver: an object of theirs read as the thing that has to be rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from meshproof.declaration.model import Note, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One thing that a delivery tool renders: a directory, how, and with which values."""

    owner: str
    path: str
    literals: Mapping[str, str] = field(default_factory=dict)
    substitutes: bool = False
    helm: Mapping[str, object] = field(default_factory=dict)
    namespace: str = ""


def deliveries_in(body: Mapping[str, object], notes: list[Note]) -> Iterator[Delivery]:
    """What an object has a delivery tool render; a third-party chart is none, and noted."""
    kind, group = str(body.get("kind", "")), str(body.get("apiVersion", "")).partition("/")[0]
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return
    name = str(metadata_of(body).get("name", ""))
    if kind == "Kustomization" and group == "kustomize.toolkit.fluxcd.io":
        yield _flux(name, spec)
    elif kind == "Application" and group == "argoproj.io":
        yield from _argo(name, spec)
    elif kind == "HelmRelease":
        chart = spec.get("chartRef") or spec.get("chart")
        place = Place(file=f"HelmRelease {name}")
        notes.append(
            Note(
                subject=f"HelmRelease {name}",
                place=place,
                says=f"third-party chart {_chart_name(chart)} is not rendered",
            )
        )


def _chart_name(chart: object) -> str:
    if not isinstance(chart, Mapping):
        return "?"
    inner = chart.get("spec", chart)
    return str(inner.get("chart") or inner.get("name")) if isinstance(inner, Mapping) else "?"


def _flux(name: str, spec: Mapping[str, object]) -> Delivery:
    build = spec.get("postBuild")
    build = build if isinstance(build, Mapping) else {}
    literals = build.get("substitute")
    return Delivery(
        owner=f"flux/{name}",
        path=str(spec.get("path", "")).removeprefix("./").rstrip("/"),
        literals={str(k): str(v) for k, v in literals.items()} if isinstance(literals, Mapping) else {},
        substitutes=bool(build.get("substituteFrom")),
    )


def _argo(name: str, spec: Mapping[str, object]) -> Iterator[Delivery]:
    source = spec.get("source")
    path = source.get("path") if isinstance(source, Mapping) else None
    if not isinstance(source, Mapping) or not path:
        return
    helm, destination = source.get("helm"), spec.get("destination")
    yield Delivery(
        owner=f"argocd/{name}",
        path=str(path).rstrip("/"),
        helm=helm if isinstance(helm, Mapping) else {},
        namespace=str(destination.get("namespace", "")) if isinstance(destination, Mapping) else "",
    )


def metadata_of(body: Mapping[str, object]) -> Mapping[str, object]:
    """The object's metadata; empty where it has none."""
    meta = body.get("metadata")
    return meta if isinstance(meta, Mapping) else {}
