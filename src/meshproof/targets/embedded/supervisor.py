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
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pydantic import BaseModel, ConfigDict

from meshproof.errors import MeshproofError
from meshproof.process import remove_at_end
from meshproof.settings import Settings
from meshproof.targets.embedded.state import write
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


def main() -> NoReturn:
    """Run the target until the last lease is gone, or until a signal where it is kept."""
    directory = Path(sys.argv[1])
    remove_at_end(directory)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    alive = (directory / ALIVE).open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    request = Request.model_validate_json((directory / REQUEST).read_text(encoding="utf-8"))
    if not request.keep:
        threading.Thread(target=_watch_leases, args=(directory / LEASE,), daemon=True).start()
    try:
        declaration = declaration_of(request.settings)
        with running_world(declaration, read_programs(request.programs), directory) as state:
            write(state)
            threading.Event().wait()
    except MeshproofError as error:
        _fail(directory, str(error))
    except Exception as error:  # noqa: BLE001 - whoever waits must learn of a defect as well
        _fail(directory, f"the target could not be started: {type(error).__name__}: {error}")
    os._exit(1)


def _fail(directory: Path, says: str) -> None:
    """Say why there is no target, and stay until those who wait have read it and let go of their leases."""
    partial = directory / f"{FAILED}.partial"
    partial.write_text(says, encoding="utf-8")
    partial.replace(directory / FAILED)
    threading.Event().wait()


def _watch_leases(path: Path) -> None:
    """Wait for the moment in which nobody holds the lease: the kernel tells, whatever death its holders died."""
    with path.open("r+") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        os._exit(0)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(0)


if __name__ == "__main__":
    main()
