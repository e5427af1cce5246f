"""Envoy driven by pilot-agent: a workload's sidecar or a gateway, as a plain process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import httpx

from meshproof.components.authority import private
from meshproof.components.readiness import await_ready
from meshproof.probes.plain import look
from meshproof.process import Running

_READY_WITHIN_S: Final = 60.0
_INHERITED: Final = ("PATH", "HOME", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """One proxy: who it is, where it listens, and whom it asks.

    `address` is the loopback address of its workload; `ports` are Envoy's admin, the agent's status, Envoy's status
    and prometheus, all on 127.0.0.1 but the agent's, which has no setting for it; `metadata` are further variables of
    pilot-agent; `config` is its ProxyConfig, whose proxyMetadata are variables too, as the injector makes them.
    """

    name: str
    kind: Literal["sidecar", "router"]
    namespace: str
    account: str
    address: str
    labels: Mapping[str, str]
    xds: str
    site: str
    network: str
    trust_domain: str
    ports: tuple[int, int, int, int]
    token: str = field(repr=False)
    root: str = field(repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)

    @property
    def admin(self) -> str:
        """Envoy's admin interface."""
        return f"http://127.0.0.1:{self.ports[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What a proxy is made of: pilot-agent, Envoy, and the template of Envoy's bootstrap."""

    agent: Path
    envoy: Path
    bootstrap: Path


@contextmanager
def proxy(programs: Programs, spec: ProxySpec, directory: Path) -> Iterator[Running]:
    """Run the proxy until the end of the block, once it is ready. Raises TargetError with its last words."""
    with starting_proxy(programs, spec, directory) as process:
        await_proxy(process, spec)
        yield process


@contextmanager
def starting_proxy(programs: Programs, spec: ProxySpec, directory: Path) -> Iterator[Running]:
    """Run the proxy until the end of the block, without waiting for it."""
    tokens = directory / "var" / "run" / "secrets" / "tokens"
    tokens.mkdir(mode=0o700, parents=True, exist_ok=True)
    private(tokens / "istio-token", spec.token)
    root = private(directory / "root-cert.pem", spec.root)
    template = private(directory / "bootstrap.json", _private(programs.bootstrap.read_text(encoding="utf-8")))
    argv: list[str | Path] = [
        programs.agent,
        "proxy",
        spec.kind,
        f"--templateFile={template}",
        "--log_output_level=default:warn",
    ]
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    env = {**kept, **variables_of(programs, spec, root)}
    with Running(
        argv, cwd=directory, env=env, log=directory / "proxy.log", name=f"proxy of {spec.name}", stop_within_s=1.0
    ) as process:
        yield process


def _private(template: str) -> str:
    """Istio's bootstrap with its own listeners on loopback: a pod has its network to itself, a process has not."""
    return template.replace("{{ .wildcard }}", "{{ .localhost }}").replace(
        "{{ .additional_wildcard }}", "{{ .additional_localhost }}"
    )


def await_proxy(process: Running, spec: ProxySpec) -> float:
    """Wait until it has its configuration; returns the seconds. Raises TargetError with its last words."""
    status = spec.ports[1]

    def is_ready() -> bool:
        url = f"http://127.0.0.1:{status}/healthz/ready"
        return look(url, within_s=1).status_code == httpx.codes.OK

    return await_ready(process, is_ready, within_s=_READY_WITHIN_S, what=f"proxy of {spec.name} ({spec.site})")


def variables_of(programs: Programs, spec: ProxySpec, root: Path) -> Mapping[str, str]:
    """The environment of pilot-agent; `root` is the file of the root that it trusts."""
    admin, status, envoy_status, prometheus = spec.ports
    declared = spec.config.get("proxyMetadata")
    variables = {str(key): str(value) for key, value in declared.items()} if isinstance(declared, Mapping) else {}
    config = {
        **spec.config,
        "binaryPath": str(programs.envoy),
        "configPath": "./envoy",
        "discoveryAddress": spec.xds,
        "proxyAdminPort": admin,
        "statusPort": status,
        "concurrency": 1,
    }
    return {
        "CA_ADDR": spec.xds,
        "CA_ROOT_CA": str(root),
        "XDS_ROOT_CA": str(root),
        "INSTANCE_IP": spec.address,
        "HOST_IP": spec.address,
        "POD_NAME": spec.name,
        "POD_NAMESPACE": spec.namespace,
        "SERVICE_ACCOUNT": spec.account,
        "TRUST_DOMAIN": spec.trust_domain,
        "ISTIO_META_CLUSTER_ID": spec.site,
        "ISTIO_META_NETWORK": spec.network,
        "ISTIO_META_MESH_ID": spec.trust_domain,
        "ISTIO_META_INTERCEPTION_MODE": "NONE",
        "ISTIO_META_WORKLOAD_NAME": spec.labels.get("app", spec.name),
        "ISTIO_META_ENABLE_HBONE": "false",
        "ISTIO_METAJSON_LABELS": json.dumps(dict(spec.labels)),
        "ENVOY_PROMETHEUS_PORT": str(prometheus),
        "ENVOY_STATUS_PORT": str(envoy_status),
        "PROXY_CONFIG": json.dumps(config),
        **spec.metadata,
        **variables,
    }
