"""envoyproxy/ratelimit as a plain process: the counters behind the limits of a whole site."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from meshproof.components.readiness import await_ready
from meshproof.errors import ProbeError
from meshproof.probes.plain import look
from meshproof.process import Running

_ADDRESS: Final = "127.0.0.1"
_READY_WITHIN_S: Final = 20.0
_WITHIN_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RatelimitPorts:
    """Ports on 127.0.0.1: for proxies, for health, for its own account of its limits."""

    grpc: int
    http: int
    debug: int


@contextmanager
def ratelimit(
    program: Path, *, name: str, environment: Mapping[str, str], ports: RatelimitPorts, directory: Path
) -> Iterator[Running]:
    """Run it until the end of the block with the declared environment, once it is well. Raises TargetError.

    Its store has to answer already: it does not start without.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    own = {
        "PATH": os.environ.get("PATH", ""),
        **environment,
        **dict.fromkeys(("HOST", "GRPC_HOST", "DEBUG_HOST"), _ADDRESS),
        "PORT": str(ports.http),
        "GRPC_PORT": str(ports.grpc),
        "DEBUG_PORT": str(ports.debug),
        "PROMETHEUS_ADDR": f"{_ADDRESS}:0",  # else *:9090, which a second target could not have
    }
    with Running(
        [program],
        cwd=directory,
        env=own,
        log=directory / "ratelimit.log",
        name=f"ratelimit of {name}",
        stop_within_s=1.0,
    ) as process:

        def is_well() -> bool:
            return look(f"http://{_ADDRESS}:{ports.http}/healthcheck", within_s=_WITHIN_S).status_code == httpx.codes.OK

        await_ready(process, is_well, within_s=_READY_WITHIN_S, what=f"ratelimit of {name}")
        yield process


def limits(debug: int) -> str:
    """Its own account of the limits that it keeps, one a line. Raises ProbeError where it does not answer."""
    try:
        return look(f"http://{_ADDRESS}:{debug}/rlconfig", within_s=_WITHIN_S).raise_for_status().text
    except httpx.HTTPError as error:
        message = f"ratelimit on port {debug} does not say which limits it keeps: {error}"
        raise ProbeError(message) from error
