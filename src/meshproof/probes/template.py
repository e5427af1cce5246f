"""A pod beside the template that it was made from: what of it the template decides alone is in it as declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from meshproof.probes.standing import differences_of

Spec = Mapping[str, Any]

_DECIDED: Final = (
    "containers",
    "securityContext",
    "serviceAccountName",
    "priorityClassName",
    "terminationGracePeriodSeconds",
)
#: What a mesh's injector turns to its own proxy. Source: https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/
_TURNED: Final = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle")


def template_differences(template: Spec, pod: Spec) -> Iterator[str]:
    """What is declared and not in the pod, in words; a container that was injected is no difference."""
    own = _names(template)
    there = {**pod, "containers": [one for one in pod["containers"] if one["name"] in own]}
    declared = {name: value for name, value in template.items() if name in _DECIDED}
    if _names(pod) - own:
        declared["containers"] = [_unprobed(one) for one in template["containers"]]
    yield from differences_of(declared, there)


def _names(spec: Spec) -> set[str]:
    return {one["name"] for part in ("containers", "initContainers") for one in spec.get(part) or ()}


def _unprobed(container: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in container.items() if name not in _TURNED}
