"""The declared control plane: mesh configuration, networks, environment and revision out of istiod's release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meshproof.declaration.model import Record
from meshproof.errors import TargetError
from meshproof.probes.admission import without_unknown
from meshproof.targets.embedded.translate import Translation

_CHART = "istiod"
_METADATA = "proxyMetadata"
#: Nothing captures what a plain process asks of names, and all agents of a machine would answer at one address.
_NOT_HERE = "ISTIO_META_DNS_CAPTURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshSettings:
    """What istiod is started with at one site."""

    mesh: Mapping[str, Any]
    networks: Mapping[str, Any]
    environment: Mapping[str, str]
    revision: str
    version: str
    trust_domain: str
    network: str


def mesh_settings(records: Sequence[Record], eastwest: Mapping[str, str]) -> tuple[MeshSettings, list[Translation]]:
    """Read one site's release of istiod; `eastwest` maps a network to the address of its gateway here.

    Raises TargetError where no release of the chart is declared.
    """
    release = next((one for one in records if chart_of(one) == _CHART), None)
    if release is None:
        message = "no HelmRelease of the chart istiod is declared: a mesh needs a control plane"
        raise TargetError(message)
    values, _ = without_unknown(release.values["spec"]["values"])  # type: ignore[index]  # a release that has a chart
    shared = values.get("global", {})
    said = [Translation(address=release.address, says="metrics providers are left out: stock Envoy lacks their filter")]
    said.append(Translation(address=release.address, says=f"{_NOT_HERE} is left out: nothing captures DNS"))
    mesh = {**values["meshConfig"], "defaultProviders": {"metrics": []}}
    declared = shared.get("meshNetworks", {})
    networks = {name: _network(name, one, eastwest, release.address, said) for name, one in declared.items()}
    return (
        MeshSettings(
            mesh=mesh,
            networks=networks,
            environment={str(key): str(value) for key, value in values.get("env", {}).items()},
            version=str(_spec_of_chart(release).get("version", "")),
            revision=str(values.get("revision", "default")),
            trust_domain=str(mesh.get("trustDomain", "cluster.local")),
            network=str(shared.get("network", "")),
        ),
        said,
    )


def proxy_config(settings: MeshSettings, own: Mapping[str, object]) -> Mapping[str, object]:
    """The ProxyConfig of a pod, as the injector merges it: the mesh's default, then what its annotation states."""
    default = settings.mesh.get("defaultConfig", {})
    metadata = {**default.get(_METADATA, {}), **_mapping(own.get(_METADATA))}
    return {**default, **own, _METADATA: {key: value for key, value in metadata.items() if key != _NOT_HERE}}


def _network(
    name: str, declared: Mapping[str, Any], eastwest: Mapping[str, str], address: str, said: list[Translation]
) -> Mapping[str, Any]:
    """A network whose gateway is reached by name is reached by the gateway's own loopback address."""
    gateways = []
    for gateway in declared.get("gateways", []):
        if "address" in gateway and name in eastwest:
            says = f"network {name} is reached at {eastwest[name]} instead of {gateway['address']}"
            said.append(Translation(address=address, says=says))
            gateway = {**gateway, "address": eastwest[name]}  # noqa: PLW2901 - the translated one
        gateways.append(gateway)
    return {**declared, "gateways": gateways}


def chart_of(record: Record) -> str:
    """The chart that a HelmRelease is of, "" for anything else."""
    return str(_spec_of_chart(record).get("chart", "")) if record.kind == "HelmRelease" else ""


def _spec_of_chart(release: Record) -> Mapping[str, Any]:
    spec = release.values.get("spec")
    chart = spec.get("chart", {}) if isinstance(spec, Mapping) else {}
    found: Mapping[str, Any] = chart.get("spec", {}) if isinstance(chart, Mapping) else {}
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
