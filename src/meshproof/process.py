"""Starts programs: the only module that does.

Every program leads a process group of its own, and the group is killed on time-out, on Ctrl-C and when this process
ends by whatever death, SIGKILL included: a small keeper process (`keeper.py`) notices and cleans up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess  # noqa: TID251  this is the module that starts processes
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from meshproof.errors import TargetError
from meshproof.keeper import TOKEN
from meshproof.keeping import Keeper
from meshproof.last_words import last_words, secrets_of

#: How long a killed group's pipes are read for, in seconds: a process that left the group may still hold them.
_DRAIN_S = 2.0
#: How often a program is looked at that another one needs, in seconds.
_LOOK_S = 1.0


class ProgramMissing(TargetError):
    """The program is not there or may not be executed."""


class ProgramTimedOut(TargetError):
    """The program had not ended within its time; its process group was killed."""


class ProgramFailed(TargetError):
    """The program ended with a status other than 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A program that has ended; `returncode` is negative when a signal ended it, `seconds` is its duration.

    What may hold secrets (arguments, output) is not in its repr; `last_words` hides them.
    """

    argv: tuple[str, ...] = field(repr=False)
    returncode: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)
    seconds: float
    name: str
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def last_words(self, lines: int = 6) -> str:
        """The end of what it printed on stderr (else stdout), on one line, without secrets."""
        return last_words(self.stderr if self.stderr.strip() else self.stdout, lines, self.secrets)


def run(  # noqa: PLR0913  the settings of a process, by name
    argv: Sequence[str | Path],
    *,
    within_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    name: str | None = None,
    needs: Running | None = None,
) -> Completed:
    """Run a program to its end and return what it printed, whatever its status.

    `env` replaces the environment whole; None inherits it. Output is read as UTF-8, faulty bytes replaced. Once the
    program that it `needs` has ended it is killed too, and its status is that signal's: it might wait for ever.
    Raises ProgramMissing when it cannot be started, ProgramTimedOut after `within_s` seconds.
    """
    words = tuple(str(word) for word in argv)
    label = name or Path(words[0]).name
    began_at_s = time.monotonic()
    with _started(words, label, cwd, env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err, finished = _talk(process, stdin or "", within_s, needs)
    done = Completed(
        argv=words,
        returncode=process.returncode,
        stdout=out.decode(errors="replace"),
        stderr=err.decode(errors="replace"),
        seconds=time.monotonic() - began_at_s,
        name=label,
        secrets=secrets_of(env),
    )
    if finished:
        return done
    message = f"{label}: not finished within {within_s:g} s and stopped; last words: {done.last_words() or '-'}"
    raise ProgramTimedOut(message)


def require(completed: Completed, *, doing: str) -> Completed:
    """The same, if its status is 0. Raises ProgramFailed: what was being done, the status and the last words."""
    if completed.returncode == 0:
        return completed
    status = completed.returncode
    ended = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    message = f"{doing}: {completed.name} {ended}: {completed.last_words() or 'it said nothing'}"
    raise ProgramFailed(message)


def remove_at_end(directory: Path) -> None:
    """Have the directory removed once this process is gone, by whatever death, and everything it started with it."""
    Keeper.of_this_process().tell(f"~{directory}")


@contextlib.contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A directory that only the user reads; it goes with the block, or with this process by whatever death."""
    directory = Path(tempfile.gettempdir()) / f"meshproof-{purpose}-{uuid.uuid4().hex[:12]}"
    remove_at_end(directory)
    directory.mkdir(mode=0o700)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def mark_children() -> None:
    """Have what others start for this process, such as the workers of pytest-xdist, end with it by whatever death."""
    os.environ[TOKEN] = Keeper.of_this_process().token


def detached(argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None) -> int:
    """Start a program that outlives this process, and return its process id: it must end by itself.

    Raises ProgramMissing.
    """
    full = {name: value for name, value in (os.environ if env is None else env).items() if name != TOKEN}
    try:
        with open(log, "ab", opener=_private) as out:
            process = subprocess.Popen(
                [str(word) for word in argv],
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        message = f"{argv[0]}: cannot be started: {error.strerror or error}"
        raise ProgramMissing(message) from error
    _DETACHED.append(process)
    return process.pid


#: Kept, because a Popen that is collected while its process runs warns that somebody forgot it.
_DETACHED: list[subprocess.Popen[bytes]] = []


class Running:
    """A program that runs until the end of the `with` block; its output is appended to the file `log` (mode 0600).

    Leaving the block sends TERM to its process group and, `stop_within_s` seconds later, KILL.
    """

    def __init__(  # noqa: PLR0913  the settings of a process, by name
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        name: str | None = None,
        stop_within_s: float = 10.0,
    ) -> None:
        """Describe the program; nothing starts before the block is entered."""
        self.argv = tuple(str(word) for word in argv)
        self.name = name or Path(self.argv[0]).name
        self.log = log
        self._cwd, self._env, self._stop_within_s = cwd, env, stop_within_s
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it. Raises ProgramMissing."""
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(open(self.log, "ab", opener=_private))
            started = _started(self.argv, self.name, self._cwd, self._env, stdout=out, stderr=subprocess.STDOUT)
            self._process = stack.enter_context(started)
            stack.callback(self.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and everything it started."""
        self._stack.close()

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its process group."""
        return self._entered().pid

    @property
    def returncode(self) -> int | None:
        """Its status, None while it runs, negative when a signal ended it."""
        return self._entered().poll()

    def last_words(self, lines: int = 6) -> str:
        """The end of its log on one line, without secrets: for the message that says why it did not come up."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 16_384))
            text = log.read().decode(errors="replace")
        return last_words(text, lines, secrets_of(self._env))

    def signal(self, number: int) -> None:
        """Send a signal to its process group; nothing happens when the group has ended."""
        _signal_group(self._entered().pid, number)

    def stop(self) -> int:
        """Stop it now, TERM before KILL, and return its status. May be called again."""
        process = self._entered()
        if process.poll() is None:
            _signal_group(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=self._stop_within_s)
        _signal_group(process.pid, signal.SIGKILL)
        return process.wait()

    def _entered(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            message = f"{self.name}: not started; use it in a with block"
            raise RuntimeError(message)
        return self._process


@contextlib.contextmanager
def _started(  # noqa: PLR0913  what Popen is told
    argv: tuple[str, ...],
    name: str,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    *,
    stdout: int | IO[bytes],
    stderr: int,
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a group of its own that the keeper knows; the group is killed at the end of the block."""
    keeper = Keeper.of_this_process()
    full = {**(os.environ if env is None else env), TOKEN: keeper.token}
    stdin = subprocess.PIPE if stdout == subprocess.PIPE else subprocess.DEVNULL
    try:
        process = subprocess.Popen(
            argv, cwd=cwd, env=full, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )
    except OSError as error:
        where = f" in {cwd}" if cwd is not None and not cwd.is_dir() else ""
        message = f"{name}: cannot be started{where}: {error.strerror or error}; check the path {argv[0]}"
        raise ProgramMissing(message) from error
    try:
        keeper.tell(f"+{process.pid}")
        yield process
    finally:
        _kill(process)
        keeper.tell(f"-{process.pid}")


def _talk(
    process: subprocess.Popen[bytes], stdin: str, within_s: float, needs: Running | None
) -> tuple[bytes, bytes, bool]:
    """What it prints on stdout and stderr, and whether it ended in time or with what it needs; else it is killed."""
    ends_at_s = time.monotonic() + within_s
    unsent: bytes | None = stdin.encode()
    while (left_s := ends_at_s - time.monotonic()) > 0:
        try:
            return *process.communicate(unsent, timeout=left_s if needs is None else min(left_s, _LOOK_S)), True
        except subprocess.TimeoutExpired:
            unsent = None
            if needs is not None and needs.returncode is not None:
                return *_kill(process), True
    return *_kill(process), False


def _kill(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Kill the group, reap its leader, and return what its pipes still held."""
    _signal_group(process.pid, signal.SIGKILL)
    out = err = b""
    if process.stdout is not None and not process.stdout.closed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=_DRAIN_S)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
    return out or b"", err or b""


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
