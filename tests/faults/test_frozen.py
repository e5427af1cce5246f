"""A frozen tree stands still as a whole and goes on as a whole, however the block ends."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meshproof.errors import ProbeError
from meshproof.faults.frozen import frozen
from meshproof.faults.killed import kill, state, trees
from meshproof.process import Running
from meshproof.waiting import until
from tests.faults.test_killed import PARENT


def test_a_tree_stands_still_and_goes_on(tmp_path: Path) -> None:
    """Parent and child, the child in a session of its own; thawed early or by an error in the block."""
    with Running([sys.executable, "-c", PARENT], log=tmp_path / "log") as process:
        until(lambda: trees([process.pid]), lambda found: len(found) == 2, within_s=10.0)

        with frozen([process.pid]) as held:
            assert [state(pid) for pid in held.pids] == ["T", "T"]
            held.thaw()
            assert "T" not in {state(pid) for pid in held.pids}
        with pytest.raises(KeyError), frozen([process.pid]):
            raise KeyError

        assert "T" not in {state(pid) for pid in held.pids}
        kill([process.pid])
        with pytest.raises(ProbeError, match="took no effect"), frozen([process.pid]):
            pass
