"""Killing takes a whole tree at once, and having nothing to kill is no fault that took effect."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meshproof.errors import ProbeError
from meshproof.faults.killed import kill, state, trees
from meshproof.process import Running
from meshproof.waiting import until

#: A child in a session of its own, as a server's workers are.
PARENT = """
import os, signal
if os.fork() == 0:
    os.setsid()
    signal.pause()
os.wait()
"""


def test_descendants_in_sessions_of_their_own_die_too(tmp_path: Path) -> None:
    """Parent and child are dead when it returns."""
    with Running([sys.executable, "-c", PARENT], log=tmp_path / "log") as process:
        until(lambda: trees([process.pid]), lambda found: len(found) == 2, within_s=10.0)

        killed = kill([process.pid])

        assert len(killed.pids) == 2
        assert {state(pid) for pid in killed.pids} <= {"", "Z"}
        with pytest.raises(ProbeError, match="took no effect"):
            kill([process.pid])
