"""etcd, the store of one Kubernetes API server, as one process without fsync: it lives no longer than a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from meshproof.components.readiness import await_ready
from meshproof.probes.plain import look
from meshproof.process import Running

_READY_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Etcd:
    """A running store."""

    url: str
    pid: int


@contextmanager
def etcd(program: Path, *, address: str, ports: tuple[int, int], directory: Path) -> Iterator[Etcd]:
    """Run etcd on a loopback address until the end of the block, over what an earlier one left there.

    `ports` are for clients and for peers, of which there are none. Raises TargetError.
    """
    url, peer = (f"http://{address}:{port}" for port in ports)
    directory.mkdir(mode=0o700, exist_ok=True)
    argv: list[str | Path] = [
        program,
        f"--data-dir={directory / 'data'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    ]
    with Running(argv, log=directory / "etcd.log", name="etcd", stop_within_s=1.0) as process:

        def is_healthy() -> bool:
            return look(f"{url}/health", within_s=1).status_code == httpx.codes.OK

        await_ready(process, is_healthy, within_s=_READY_WITHIN_S, what=f"etcd at {url}")
        yield Etcd(url=url, pid=process.pid)
