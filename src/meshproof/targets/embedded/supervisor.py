"""The process that owns a running target: it ends when nobody holds a lease on it any more.

Run as `python -m meshproof.targets.embedded.supervisor DIRECTORY`. It ends at once and without ceremony: its keeper
kills every process of the target and removes the directory, the same way whatever ended it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from pydantic import BaseModel, ConfigDict

from meshproof.errors import MeshproofError
from meshproof.process import remove_at_end
from meshproof.settings import Settings
from meshproof.targets.embedded.state import TargetState, write
from meshproof.targets.embedded.workloads import read_programs
from meshproof.targets.embedded.world import running_world
from meshproof.targets.plan import declaration_of

REQUEST = "request.json"
LEASE = "lease"
ALIVE = "alive"
FAILED = "failed"


class Request(BaseModel):
    """What is to be run: the settings of the run, and whether the target stays until it is told to stop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: Settings
    programs: Path
    keep: bool = False


def main(running: Callable[[Request, Path], AbstractContextManager[TargetState]] | None = None) -> NoReturn:
    """Run the target until the last lease is gone, or until a signal where it is kept."""
    directory = Path(sys.argv[1])
    remove_at_end(directory)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    lease = (directory / LEASE).open("r+")
    alive = _claim(directory)
    request = Request.model_validate_json((directory / REQUEST).read_text(encoding="utf-8"))
    if not request.keep:
        _end_with(lease)
    try:
        with (running or _embedded)(request, directory) as state:
            write(state)
            threading.Event().wait()
    except MeshproofError as error:
        _fail(directory, str(error))
    except Exception as error:  # noqa: BLE001 - whoever waits must learn of a defect as well
        _fail(directory, f"the target could not be started: {type(error).__name__}: {error}")
    _end_with(lease).join()
    alive.close()
    os._exit(1)


def _embedded(request: Request, directory: Path) -> AbstractContextManager[TargetState]:
    return running_world(declaration_of(request.settings), read_programs(request.programs), directory)


def _claim(directory: Path) -> IO[str]:
    """The file that says who owns the target: it appears locked, and the kernel frees it with this process."""
    partial = directory / f"{ALIVE}.partial"
    alive = partial.open("w", encoding="utf-8")
    fcntl.flock(alive, fcntl.LOCK_EX)
    alive.write(str(os.getpid()))
    alive.flush()
    partial.replace(directory / ALIVE)
    return alive


def _fail(directory: Path, says: str) -> None:
    """Say why there is no target: those who wait read it and let go of their leases, which ends even a kept one."""
    partial = directory / f"{FAILED}.partial"
    partial.write_text(says, encoding="utf-8")
    partial.replace(directory / FAILED)


def _end_with(lease: IO[str]) -> threading.Thread:
    """End in the moment in which nobody holds the lease: the kernel tells, whatever death its holders died."""

    def watch() -> None:
        fcntl.flock(lease, fcntl.LOCK_EX)
        os._exit(0)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    return watcher


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(0)


if __name__ == "__main__":
    main()
