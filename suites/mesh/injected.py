"""Pods of declared workloads as they would start now, after everything that has a say in it: what they get of the mesh."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshproof.declaration.model import Declaration, Record
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.admission import without_unknown
from meshproof.targets.protocols import Incarnation, Mesh
from meshproof.verdict import Assurance
from suites.mesh import promised

REVISION: Final = "istio.io/rev"
_KINDS: Final = ("Deployment", "Rollout", "StatefulSet")
_PROXY: Final = "istio-proxy"
#: What the injector puts there instead of the proxy's image.
_NOT_YET: Final = "auto"
_REDIRECTS: Final = ("istio-init", "istio-validation")
_INJECT: Final = "sidecar.istio.io/inject"
#: A gateway's proxy is the workload itself: there is nobody whose traffic it would take.
_TEMPLATES: Final = "inject.istio.io/templates"
_GATEWAY: Final = "gateway"
_EXCLUDED: Final = "traffic.sidecar.istio.io/exclude"
#: The agent's own ports: probes and metrics come to them without a certificate.
_OWN_PORTS: Final = frozenset({"15020", "15021", "15090"})
#: What the API server answers where it could not ask the injector: nothing was seen of it then.
_BROKEN: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Interception:
    """What a proxy takes of its pod's traffic: addresses and ports, and those that it leaves out."""

    mode: str
    outbound: str
    inbound: str
    past_addresses: frozenset[str]
    past_outbound: frozenset[str]
    past_inbound: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A pod as it was admitted, `refused` in the API server's words where it was not.

    `revision` is that of the proxy it got, `promised` the one that it is to get; "" is none. `interception` is None
    where nothing redirects its traffic, and `is_gateway` says that it is declared to be a proxy and nothing else.
    """

    refused: str
    revision: str
    promised: str
    is_gateway: bool
    interception: Interception | None
    declared: Interception


def started(target: Incarnation, mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Started]]:
    """One pod of every declared workload, asked for without starting it. Raises TargetError where nothing injects."""
    for site in mesh.sites:
        with target.injecting(mesh.declaration, site):
            yield from _started(mesh, as_built, site)


def _started(mesh: Mesh, as_built: Declaration, site: str) -> Iterator[Observed[Started]]:
    for record in _workloads(mesh, site):
        answer, made = mesh.api(record.site).admitted(_pod(record))
        if answer.status >= _BROKEN:
            message = f"{record.address}: the API server could not decide: {answer.says}"
            raise ProbeError(message)
        built = as_built.by_address[record.address]
        value = Started(
            refused=answer.says,
            revision=_revision(made),
            promised=_promised(as_built, built),
            is_gateway=_annotations(built).get(_TEMPLATES) == _GATEWAY,
            interception=_interception(made),
            declared=_declared(as_built, built),
        )
        yield Observed(address=record.address, place=record.place, value=value, assurance=Assurance.ACCEPTED)


def _workloads(mesh: Mesh, site: str) -> list[Record]:
    return [one for kind in _KINDS for one in mesh.declared(kind, site=site)]


def _pod(record: Record) -> dict[str, Any]:
    template = _template(record)
    metadata = {**template.get("metadata", {}), "name": f"{record.name}-asked", "namespace": record.namespace}
    pod, _ = without_unknown({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
    return pod


def _template(record: Record) -> Mapping[str, Any]:
    found: Mapping[str, Any] = record.values["spec"]["template"]  # type: ignore[index]  # a workload has pods
    return found


def _annotations(record: Record) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _template(record).get("metadata", {}).get("annotations", {})
    return found


def _promised(as_built: Declaration, record: Record) -> str:
    """The revision of the workload's namespace, unless its pods are declared to stay out of the mesh."""
    if _template(record).get("metadata", {}).get("labels", {}).get(_INJECT) == "false":
        return ""
    for one in as_built.by_kind.get("Namespace", ()):
        if (one.site, one.name) == (record.site, record.namespace):
            labels: Mapping[str, Any] = one.values["metadata"].get("labels", {})  # type: ignore[attr-defined]  # a mapping
            return str(labels.get(REVISION, ""))
    return ""


def _revision(pod: Mapping[str, Any]) -> str:
    proxies = [one for one in _containers(pod) if one["name"] == _PROXY and one["image"] != _NOT_YET]
    return str(pod["metadata"].get("annotations", {}).get(REVISION, "none")) if proxies else ""


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spec = pod.get("spec", {})
    return [*spec.get("initContainers", ()), *spec.get("containers", ())]


def _interception(pod: Mapping[str, Any]) -> Interception | None:
    """What the container that redirects the pod's traffic, or proves that it is, was told."""
    told = next((one["args"] for one in _containers(pod) if one["name"] in _REDIRECTS), None)
    if told is None:
        return None
    given = {flag: value for flag, value in itertools.pairwise(told) if flag.startswith("-")}
    return Interception(
        mode=given.get("-m", ""),
        outbound=given.get("-i", ""),
        inbound=given.get("-b", ""),
        past_addresses=_listed(given.get("-x", "")),
        past_outbound=_listed(given.get("-o", "")),
        past_inbound=_listed(given.get("-d", "")) - _OWN_PORTS,
    )


def _declared(as_built: Declaration, record: Record) -> Interception:
    annotations = _annotations(record)
    proxy = promised.release(as_built, record.site).get("global", {}).get("proxy", {})
    return Interception(
        mode="REDIRECT",
        outbound="*",
        inbound="*",
        past_addresses=_listed(proxy.get("excludeIPRanges", "")),
        past_outbound=_listed(annotations.get(f"{_EXCLUDED}OutboundPorts", "")),
        past_inbound=_listed(annotations.get(f"{_EXCLUDED}InboundPorts", "")),
    )


def _listed(text: str) -> frozenset[str]:
    return frozenset(filter(None, str(text).split(",")))
