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
from meshproof.targets.embedded.machine import require_steady_clock
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.embedded.supervisor import ALIVE, FAILED, LEASE, REQUEST, Request
from meshproof.targets.plan import declaration_of
from meshproof.waiting import until

#: Names the target's directory to the workers of a run, and a kept target to later runs.
VARIABLE = "MESHPROOF_EMBEDDED"
_READY_WITHIN_S = 240.0
_LOG = "supervisor.log"
_WORLD = "world.lock"
_CHANGING = "changing"
_CHANGED = "changed"


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


def reserve(*, keep: bool = False) -> Lease:
    """A lease on the directory that the environment names, else on a new one in which nothing runs yet.

    A new one goes with this process, unless what will run in it is to be kept. Others of dead runs go now.
    """
    known = os.environ.get(VARIABLE, "")
    with suppress(OSError):
        if known and Path(known).is_dir():
            return Lease(Path(known))
    with _locked(home()):
        for directory in home().iterdir():
            if is_stale(directory):
                shutil.rmtree(directory, ignore_errors=True)
        directory = home() / uuid.uuid4().hex[:12]
        if not keep:
            remove_at_end(directory)
        directory.mkdir(mode=0o700)
        os.environ[VARIABLE] = str(directory)
        return Lease(directory)


def attach(
    settings: Settings,
    programs: Path,
    *,
    keep: bool = False,
    module: str = supervisor.__name__,
    within_s: float = _READY_WITHIN_S,
) -> tuple[Lease, TargetState]:
    """A lease on the run's target, once it is ready; started by whoever comes first as `module`, its supervisor.

    Raises TargetError in the supervisor's words where it cannot be had, or where it runs another declaration.
    """
    keep = keep or settings.keep
    lease = reserve(keep=keep)
    directory = lease.directory
    try:
        with _alone(directory / "start"):
            if not (directory / REQUEST).exists():
                _start(directory, Request(settings=settings, programs=programs.resolve(), keep=keep), module)
        return lease, _of_this_declaration(_ready(directory, within_s), settings)
    except BaseException:
        lease.release()
        raise


def discard(lease: Lease) -> None:
    """Let go of a target at the end of a run; a directory in which nothing was ever started goes at once."""
    started = (lease.directory / REQUEST).exists()
    lease.release()
    if os.environ.get(VARIABLE) == str(lease.directory):
        del os.environ[VARIABLE]
    if not started:
        shutil.rmtree(lease.directory, ignore_errors=True)


@contextmanager
def world(directory: Path, *, alone: bool) -> Iterator[None]:
    """Hold the target shared, or alone for what changes it; the kernel lets go with its holder.

    Raises TargetError where somebody who held it alone died in it, or could not undo what he changed: what runs may
    not be what is declared. And where the machine's clock was set meanwhile.
    """
    require_steady_clock(directory)
    with (directory / _WORLD).open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        for name in (_CHANGING, _CHANGED):
            if (directory / name).exists():
                message = (
                    f"the target in {directory} may not be as declared: {(directory / name).read_text('utf-8')}; "
                    "stop it with `meshproof down` and start again"
                )
                raise TargetError(message)
        if alone:
            (directory / _CHANGING).write_text("a check or mutant that had it alone was killed", encoding="utf-8")
        try:
            yield
        finally:
            if alone:
                (directory / _CHANGING).unlink(missing_ok=True)


def leave_changed(directory: Path, why: str) -> None:
    """Remember that a change of the target could not be undone: nobody judges it any more."""
    (directory / _CHANGED).write_text(why, encoding="utf-8")


def is_alive(directory: Path) -> bool:
    """Whether a supervisor holds the directory."""
    return _is_held(directory / ALIVE)


def is_leased(directory: Path) -> bool:
    """Whether a run uses the directory, or is about to."""
    return _is_held(directory / LEASE)


def is_stale(directory: Path) -> bool:
    """Whether nobody holds the directory: its run and its supervisor are dead."""
    return directory.is_dir() and not is_alive(directory) and not is_leased(directory)


def _start(directory: Path, request: Request, module: str) -> None:
    """Start the supervisor and wait until it owns the directory, or has ended without."""
    (directory / REQUEST).write_text(request.model_dump_json(), encoding="utf-8")
    pid = detached([sys.executable, "-m", module, str(directory)], log=directory / _LOG)
    until(
        lambda: (directory / ALIVE).exists() or _has_ended(pid),
        bool,
        within_s=_READY_WITHIN_S,
        what="the supervisor's start",
    )


def _of_this_declaration(found: TargetState, settings: Settings) -> TargetState:
    """The same, where it runs what is judged: a kept target may be older than its declaration."""
    if found.infra_digest == declaration_of(settings).digest:
        return found
    message = f"the target in {found.directory} runs another declaration; unset {VARIABLE} or stop it: meshproof down"
    raise TargetError(message)


def _ready(directory: Path, within_s: float) -> TargetState:
    def look() -> TargetState:
        if (directory / FAILED).exists():
            raise _NeverError((directory / FAILED).read_text(encoding="utf-8"))
        if not is_alive(directory):
            words = (directory / _LOG).read_text(encoding="utf-8").strip() if (directory / _LOG).exists() else ""
            message = f"the target's supervisor ended: {words[-400:] or 'it said nothing'}"
            raise _NeverError(message)
        if not (directory / state.FILE).exists():
            message = "the target is not ready yet"
            raise ProbeError(message)
        try:
            return state.read(directory)
        except TargetError as error:  # it is written whole: what cannot be read now never will be
            raise _NeverError(str(error)) from error

    try:
        return until(look, lambda _: True, within_s=within_s, what="the target").value
    except (_NeverError, NotYet) as error:
        raise TargetError(str(error)) from error


class _NeverError(Exception):
    """There will be no target: no more looking."""


def _has_ended(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG)[0] == child
    except ChildProcessError:
        return True


def _is_held(path: Path) -> bool:
    """Whether somebody else holds the file's lock."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory itself alone: it needs no file that would stay behind."""
    held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)
