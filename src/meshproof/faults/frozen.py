"""Processes that stand still with everything they started, and go on later as if nothing had happened: zombies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from meshproof.errors import ProbeError
from meshproof.faults.killed import state, trees
from meshproof.waiting import until

_WITHIN_S: Final = 5.0
_STOPPED: Final = "T"
_GONE: Final = ("", "Z", "X")


@dataclass(slots=True, kw_only=True)
class Frozen:
    """`at_ns` is when the first of them stood still, `thawed_at_ns` when all went on (monotonic, nanoseconds)."""

    at_ns: int
    pids: tuple[int, ...]
    thawed_at_ns: list[int] = field(default_factory=list)

    def thaw(self) -> None:
        """Let all of them go on, and see that they do; may be called again."""
        for pid in self.pids:
            _send(pid, signal.SIGCONT)
        until(lambda: _in(self.pids, _STOPPED), lambda left: not left, within_s=_WITHIN_S, what="processes going on")
        self.thawed_at_ns = self.thawed_at_ns or [time.monotonic_ns()]


@contextmanager
def frozen(roots: Iterable[int]) -> Iterator[Frozen]:
    """Hold processes and all their descendants until they are thawed, at the latest at the end of the block.

    They are seen to stand still. Raises ProbeError where nothing was there to hold.
    """
    wanted = tuple(roots)
    at_ns = time.monotonic_ns()
    found = tuple(trees(wanted))
    if not found:
        message = "nothing was there to freeze: the fault took no effect"
        raise ProbeError(message)
    held = Frozen(at_ns=at_ns, pids=found)
    try:
        for pid in found:
            _send(pid, signal.SIGSTOP)
        # What was started between the look and the signal.
        held.pids = tuple(dict.fromkeys([*found, *trees(wanted)]))
        for pid in held.pids:
            _send(pid, signal.SIGSTOP)
        until(lambda: _moving(held.pids), lambda left: not left, within_s=_WITHIN_S, what="processes standing still")
        yield held
    finally:
        held.thaw()


def _moving(pids: Iterable[int]) -> list[int]:
    return [pid for pid in pids if state(pid) not in (_STOPPED, *_GONE)]


def _in(pids: Iterable[int], letter: str) -> list[int]:
    return [pid for pid in pids if state(pid) == letter]


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
