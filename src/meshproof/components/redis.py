"""Redis, or Valkey, as a plain process with the declared arguments."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from meshproof.components.readiness import await_ready
from meshproof.process import Running

_ADDRESS: Final = "127.0.0.1"
_READY_WITHIN_S: Final = 20.0


@contextmanager
def redis(program: Path, *, name: str, arguments: Sequence[str], port: int, directory: Path) -> Iterator[Running]:
    """Run it on a port of 127.0.0.1 until the end of the block, once it answers. Raises TargetError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    argv: list[str | Path] = [program, *arguments, "--port", str(port), "--bind", _ADDRESS, "--dir", str(directory)]
    with Running(
        argv, cwd=directory, log=directory / "redis.log", name=f"redis of {name}", stop_within_s=1.0
    ) as process:

        def answers() -> bool:
            with socket.create_connection((_ADDRESS, port), timeout=1) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")

        await_ready(process, answers, within_s=_READY_WITHIN_S, what=f"redis of {name}")
        yield process
