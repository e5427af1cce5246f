"""Istio's Helm charts, rendered with declared values and what a cluster on one machine has instead of some of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from meshproof.declaration.documents import parse_documents
from meshproof.declaration.model import Record
from meshproof.errors import TargetError
from meshproof.probes.admission import without_unknown
from meshproof.process import require, run, scratch
from meshproof.targets.embedded.translate import Object
from meshproof.toolchain import find, find_bundle

#: Where each chart lies in Istio's own tree, by the name under which it is published.
_PLACES: Final = {"base": "charts/base", "istiod": "istio-control/istio-discovery", "cni": "charts/istio-cni"}
_RENDER_WITHIN_S: Final = 60.0


def rendered(release: Record, chart: str, instead: Mapping[str, Any]) -> list[Object]:
    """The objects of a declared HelmRelease of one of Istio's charts; `instead` is laid over its values.

    Definitions are left out: they are there already. Raises TargetError with Helm's own words.
    """
    spec: Any = release.values["spec"]
    values, _ = without_unknown(spec.get("values") or {})
    namespace = str(spec.get("targetNamespace") or release.namespace)
    with scratch("chart") as place:
        file = place / "values.json"
        file.write_text(json.dumps(laid_over(values, instead)), encoding="utf-8")
        name = str(spec.get("releaseName") or release.name)
        done = run(
            [find("helm").path, "template", name, _directory(chart), "--namespace", namespace, "--values", file],
            within_s=_RENDER_WITHIN_S,
            env={"HELM_CACHE_HOME": str(place), "HELM_CONFIG_HOME": str(place), "HELM_DATA_HOME": str(place)},
        )
    text = require(done, doing=f"rendering the chart {chart} of {release.address}").stdout
    found = [dict(one.body) for one in parse_documents(text, f"chart {chart}")]
    return [one for one in found if one["kind"] != "CustomResourceDefinition"]


def laid_over(values: Mapping[str, Any], instead: Mapping[str, Any]) -> dict[str, Any]:
    """Values with others in their place, mapping by mapping."""
    found = dict(values)
    for key, value in instead.items():
        old = found.get(key)
        found[key] = laid_over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found


def _directory(chart: str) -> Path:
    for file in find_bundle("istio-charts").files:
        if file.name == "Chart.yaml" and file.parent.as_posix().endswith(_PLACES[chart]):
            return file.parent
    message = f"the bundle istio-charts holds no chart {chart}; correct `files` in the lock file"
    raise TargetError(message)
