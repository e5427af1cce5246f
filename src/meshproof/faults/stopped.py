"""A process that hangs: it holds its connections and answers nothing, the hardest failure to tell from slowness."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from meshproof.errors import ProbeError
from meshproof.waiting import until

_WITHIN_S: Final = 5.0
_STOPPED: Final = "T"


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Hold a process until the end of the block; it is seen to stand still, and to run again afterwards.

    Raises ProbeError for a process that is not there.
    """
    _state(pid)
    try:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: _state(pid), lambda one: one == _STOPPED, within_s=_WITHIN_S, what=f"process {pid} stopped")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        until(lambda: _state(pid), lambda one: one != _STOPPED, within_s=_WITHIN_S, what=f"process {pid} going on")


def _state(pid: int) -> str:
    """The kernel's letter for what a process does."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError as error:
        message = f"process {pid} is not there: {error}"
        raise ProbeError(message) from error
    return text.rpartition(")")[2].split()[0]
