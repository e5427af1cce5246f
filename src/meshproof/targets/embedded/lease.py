"""How runs get hold of an embedded target: the first one starts its supervisor, each holds a lease on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from meshproof.errors import NotYet, ProbeError, TargetError
from meshproof.process import detached, remove_at_end
from meshproof.settings import Settings
from meshproof.targets.embedded import state, supervisor
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.embedded.supervisor import ALIVE, FAILED, LEASE, REQUEST, Request
from meshproof.waiting import until

#: Names the target's directory to the workers of a run.
VARIABLE = "MESHPROOF_EMBEDDED"
_READY_WITHIN_S = 240.0
_LOG = "supervisor.log"
_WORLD = "world.lock"


def home() -> Path:
    """Where this user's targets lie, readable by nobody else. Raises TargetError where it is somebody else's."""
    path = Path(tempfile.gettempdir()) / f"meshproof-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077:
        message = f"{path}: belongs to somebody else or is open to others; remove it or set TMPDIR"
        raise TargetError(message)
    return path


class Lease:
    """A hold on a target's directory; the kernel lets go of it when this process ends."""

    def __init__(self, directory: Path) -> None:
        """Take it."""
        self.directory = directory
        self._file: IO[str] = (directory / LEASE).open("a+")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go; the last one stops the target."""
        self._file.close()


def reserve() -> Lease:
    """A directory for a target of this run, where nothing runs yet; it is removed when this process is gone."""
    directory = home() / uuid.uuid4().hex[:12]
    directory.mkdir(mode=0o700)
    remove_at_end(directory)
    os.environ[VARIABLE] = str(directory)
    return Lease(directory)


def attach(settings: Settings, programs: Path, *, keep: bool = False) -> tuple[Lease, TargetState]:
    """A lease on the run's target, once it is ready; started by whoever comes first.

    Raises TargetError in the supervisor's words where it cannot be had.
    """
    known = os.environ.get(VARIABLE, "")
    lease = Lease(Path(known)) if known and Path(known).is_dir() else reserve()
    directory = lease.directory
    with _alone(directory / "start"):
        if not (directory / REQUEST).exists():
            request = Request(settings=settings, programs=programs, keep=keep)
            (directory / REQUEST).write_text(request.model_dump_json(), encoding="utf-8")
            detached([sys.executable, "-m", supervisor.__name__, str(directory)], log=directory / _LOG)
            until((directory / ALIVE).exists, bool, within_s=_READY_WITHIN_S, what="the supervisor's start")
    return lease, _ready(directory)


def discard(lease: Lease) -> None:
    """Let go of a target at the end of a run; a directory in which nothing was ever started goes at once."""
    started = (lease.directory / REQUEST).exists()
    lease.release()
    os.environ.pop(VARIABLE, None)
    if not started:
        shutil.rmtree(lease.directory, ignore_errors=True)


def running() -> Iterator[TargetState]:
    """This user's targets that run now."""
    for directory in sorted(home().iterdir()):
        with suppress(TargetError):
            if _is_alive(directory):
                yield state.read(directory)


@contextmanager
def world(directory: Path, *, alone: bool) -> Iterator[None]:
    """Hold the target shared, or alone for what changes it; the kernel lets go with its holder."""
    with (directory / _WORLD).open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def _ready(directory: Path) -> TargetState:
    def look() -> TargetState:
        if (directory / FAILED).exists():
            raise _NeverError((directory / FAILED).read_text(encoding="utf-8"))
        if not _is_alive(directory):
            words = (directory / _LOG).read_text(encoding="utf-8").strip() if (directory / _LOG).exists() else ""
            message = f"the target's supervisor ended: {words[-400:] or 'it said nothing'}"
            raise _NeverError(message)
        if not (directory / state.FILE).exists():
            message = "the target is not ready yet"
            raise ProbeError(message)
        return state.read(directory)

    try:
        return until(look, lambda _: True, within_s=_READY_WITHIN_S, what="the embedded target").value
    except (_NeverError, NotYet) as error:
        raise TargetError(str(error)) from error


class _NeverError(Exception):
    """There will be no target: no more looking."""


def _is_alive(directory: Path) -> bool:
    """Whether a supervisor holds the directory."""
    try:
        with (directory / ALIVE).open("r") as alive:
            fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
