"""Istio's own echo server: HTTP/1.1, h2c and WebSocket on one port, gRPC and TCP on others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshproof.components.readiness import await_ready
from meshproof.process import Running

_READY_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoPorts:
    """Ports on 127.0.0.1; `https` is 0 for a server without TLS of its own."""

    http: int
    grpc: int
    tcp: int
    https: int = 0


@contextmanager
def echo(  # noqa: PLR0913  the settings of an echo server
    program: Path,
    *,
    name: str,
    version: str,
    site: str,
    ports: EchoPorts,
    directory: Path,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[Running]:
    """Run an echo server that says its `version` and `site` in every answer. Raises TargetError.

    `certificate`, a file of the chain and one of the key, is what it shows on its port for HTTPS.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    secured = [ports.https] if certificate else []
    numbers = [ports.http, ports.grpc, ports.tcp, *secured]
    argv: list[str | Path] = [
        program,
        f"--port={ports.http}",
        f"--grpc={ports.grpc}",
        f"--tcp={ports.tcp}",
        *(f"--bind-localhost={one}" for one in numbers),
        *(f"--{option}={one}" for one in secured for option in ("port", "tls")),
        *(f"--{option}={path}" for option, path in zip(("crt", "key"), certificate or (), strict=False)),
        f"--version={version}",
        f"--cluster={site}",
        "--istio-version=",
        "--log_output_level=default:error",
    ]
    with Running(argv, cwd=directory, log=directory / "echo.log", name=f"echo of {name}", stop_within_s=1.0) as process:

        def is_listening() -> bool:
            with socket.create_connection(("127.0.0.1", ports.http), timeout=1):
                return True

        await_ready(process, is_listening, within_s=_READY_WITHIN_S, what=f"echo server of {name}")
        yield process
