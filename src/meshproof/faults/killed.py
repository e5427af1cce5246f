"""Processes that die at once, with everything they started: what the loss of a site looks like from outside."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.errors import ProbeError
from meshproof.waiting import until

_WITHIN_S: Final = 5.0
_DEAD: Final = ("Z", "X", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """`at_ns` is when the first of them stood still (monotonic, nanoseconds); `pids` are those seen to die."""

    at_ns: int
    pids: tuple[int, ...]


def kill(roots: Iterable[int]) -> Killed:
    """Kill processes and all their descendants with SIGKILL, and see that they are dead.

    All are stopped first, so that none of them sees another die and acts on it. Raises ProbeError where nothing was
    there to kill: a fault that took no effect proves nothing.
    """
    wanted = tuple(roots)
    found = trees(wanted)
    at_ns = time.monotonic_ns()
    for pid in found:
        _send(pid, signal.SIGSTOP)
    # What was started between the look and the signal.
    pids = tuple(dict.fromkeys([*found, *trees(wanted)]))
    if not pids:
        message = "nothing was there to kill: the fault took no effect"
        raise ProbeError(message)
    for pid in pids:
        _send(pid, signal.SIGKILL)
    until(lambda: [pid for pid in pids if state(pid) not in _DEAD], lambda left: not left, within_s=_WITHIN_S)
    return Killed(at_ns=at_ns, pids=pids)


def trees(roots: Iterable[int]) -> list[int]:
    """Processes and all their descendants, those that are alive."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and (fields := _stat(int(path.name))):
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found, todo = list[int](), [root for root in roots if state(root) not in _DEAD]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def state(pid: int) -> str:
    """The kernel's letter for what a process does; empty where there is none."""
    fields = _stat(pid)
    return fields[0] if fields else ""


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
