"""From a process of the target to its proxy, and to what is told of both: for those of a site and for guests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from meshproof.components.proxy import ProxySpec
from meshproof.probes.kubernetes import Api
from meshproof.process import Running
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.mesh_settings import MeshSettings
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import PROCESS_LABEL, Process

#: Whom a proxy's token is for.
_AUDIENCE: Final = "istio-ca"
_ROUTER: Final = {"ISTIO_META_ROUTER_MODE": "standard"}


def proxy_spec(  # noqa: PLR0913  what a proxy is made of
    process: Process,
    *,
    api: Api,
    xds: str,
    settings: MeshSettings,
    root: str,
    config: Mapping[str, object],
    environment: Mapping[str, str],
) -> ProxySpec:
    """The proxy of a process; `root` is the mesh's root as PEM, `environment` further variables of the agent.

    Raises ProbeError where the API server gives no token.
    """
    is_gateway = process.kind == "gateway"
    admin, status, envoy_status, prometheus = free_ports(4)
    return ProxySpec(
        name=process.name,
        kind="router" if is_gateway else "sidecar",
        namespace=process.namespace,
        account=process.account,
        address=process.address,
        labels={**process.labels, PROCESS_LABEL: process.name, "istio-locality": process.locality.replace("/", ".")},
        xds=xds,
        site=process.site,
        network=settings.network,
        trust_domain=settings.trust_domain,
        ports=(admin, status, envoy_status, prometheus),
        token=api.token(process.namespace, process.account, audience=_AUDIENCE),
        root=root,
        config=config,
        metadata={**environment, **(_ROUTER if is_gateway else {})},
    )


def state_of(  # noqa: PLR0913  what is known of a process
    process: Process, spec: ProxySpec, running: Running, *, app_pid: int, log: Path, ready_s: float
) -> ProcessState:
    """What checks are told of a process that runs."""
    return ProcessState(
        **{name: getattr(process, name) for name in type(process).__dataclass_fields__},
        admin=spec.admin,
        proxy_pid=running.pid,
        app_pid=app_pid,
        log=log,
        ready_s=round(ready_s, 3),
    )
