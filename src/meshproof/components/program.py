"""Any program that serves on a port of this machine: what a team runs in a pod, as a plain process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from meshproof.components.readiness import await_ready
from meshproof.process import Running

_READY_WITHIN_S: Final = 20.0
_INHERITED: Final = ("PATH", "HOME", "TMPDIR")


@contextmanager
def program(
    command: Sequence[str], *, name: str, environment: Mapping[str, str], port: int, directory: Path
) -> Iterator[Running]:
    """Run a command in a directory of its own until the end of the block, once it listens on 127.0.0.1 at `port`.

    Beside `environment` it is told no more than where programs and temporary files lie. Raises TargetError.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    kept = {one: os.environ[one] for one in _INHERITED if one in os.environ}
    with Running(
        command,
        cwd=directory,
        env={**kept, **environment},
        log=directory / "program.log",
        name=name,
        stop_within_s=1.0,
    ) as process:

        def is_listening() -> bool:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        await_ready(process, is_listening, within_s=_READY_WITHIN_S, what=f"the program of {name}")
        yield process
