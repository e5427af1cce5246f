"""istiod as a plain process: one site's control plane, with the declared mesh configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from meshproof.components.authority import Authority, private
from meshproof.components.readiness import await_ready
from meshproof.probes.plain import look
from meshproof.process import Running

_READY_WITHIN_S: Final = 60.0
#: Stock Envoy lacks the filters that Istio's own build of it has.
STOCK_ENVOY: Final[Mapping[str, str]] = {
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_TELEMETRY_LABEL": "false",
    "PILOT_ENDPOINT_TELEMETRY_LABEL": "false",
    "PILOT_DISABLE_MX_ALPN": "true",
}
_INHERITED: Final = ("PATH", "HOME", "TMPDIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class IstiodPorts:
    """Where it listens: readiness and debugging, webhooks, plain and TLS xDS, metrics."""

    http: int
    https: int
    grpc: int
    xds: int
    monitoring: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Istiod:
    """A running control plane: `xds` is where proxies connect, the others are URLs of it."""

    xds: str
    webhooks: str
    debug: str
    metrics: str
    pid: int


@contextmanager
def istiod(  # noqa: PLR0913  what a control plane is made of
    program: Path,
    *,
    site: str,
    address: str,
    ports: IstiodPorts,
    directory: Path,
    kubeconfig: Path,
    mesh: Mapping[str, Any],
    networks: Mapping[str, Any],
    environment: Mapping[str, str],
    revision: str,
    authority: Authority,
) -> Iterator[Istiod]:
    """Run istiod until the end of the block; `authority` signs the workloads.

    Raises TargetError with its last words.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    files = _mounted(directory / "cacerts", authority)
    mesh_file = private(directory / "mesh.yaml", json.dumps(mesh, indent=1))
    networks_file = private(directory / "networks.yaml", json.dumps({"networks": networks}, indent=1))
    argv: list[str | Path] = [
        program,
        "discovery",
        f"--kubeconfig={kubeconfig}",
        f"--clusterID={site}",
        f"--meshConfig={mesh_file}",
        f"--networksConfig={networks_file}",
        f"--httpAddr={address}:{ports.http}",
        f"--httpsAddr={address}:{ports.https}",
        f"--grpcAddr={address}:{ports.grpc}",
        f"--secureGRPCAddr={address}:{ports.xds}",
        f"--monitoringAddr={address}:{ports.monitoring}",
        "--ctrlz_port=0",
        "--log_output_level=default:warn",
    ]
    env = {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        **environment,
        **STOCK_ENVOY,
        "PILOT_CERT_PROVIDER": "istiod",
        "POD_NAME": f"istiod-{revision}-0",
        "POD_NAMESPACE": "istio-system",
        "SERVICE_ACCOUNT": "istiod",
        "REVISION": revision,
        "CLUSTER_ID": site,
        "ISTIOD_CUSTOM_HOST": address,
        "ROOT_CA_DIR": str(files),
        "INJECTION_WEBHOOK_CONFIG_NAME": "",
        "VALIDATION_WEBHOOK_CONFIG_NAME": "",
    }
    with Running(
        argv, cwd=directory, env=env, log=directory / "istiod.log", name="istiod", stop_within_s=1.0
    ) as process:

        def is_ready() -> bool:
            return look(f"http://{address}:{ports.http}/ready", within_s=1).status_code == httpx.codes.OK

        await_ready(process, is_ready, within_s=_READY_WITHIN_S, what=f"istiod of {site} at {address}")
        yield Istiod(
            xds=f"{address}:{ports.xds}",
            webhooks=f"https://{address}:{ports.https}",
            debug=f"http://{address}:{ports.http}/debug",
            metrics=f"http://{address}:{ports.monitoring}/metrics",
            pid=process.pid,
        )


def authority_files(authority: Authority) -> Mapping[str, str]:
    """What the secret `cacerts` holds, by file."""
    return {
        "ca-cert.pem": authority.identity.pem,
        "ca-key.pem": authority.identity.key_pem,
        "cert-chain.pem": authority.identity.chain_pem,
        "root-cert.pem": authority.root_pem,
    }


def _mounted(directory: Path, authority: Authority) -> Path:
    """The files of the secret `cacerts`, as istiod's pod has them mounted."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for name, text in authority_files(authority).items():
        private(directory / name, text)
    return directory
