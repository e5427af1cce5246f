"""One drill at a time on a machine, and what belongs to it within its turn."""

import fcntl
import os
from pathlib import Path

import pytest

from fixtures.drill.shared import Shared, alone


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The machine's lock, in a directory of this test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"meshproof-drill-{os.getuid()}.lock"


def is_free(lock: Path) -> bool:
    """Whether another program could have its turn now."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_drill_within_a_turn_does_not_wait_for_itself(lock: Path) -> None:
    """The mesh that it is carried out in has the machine already; afterwards others come."""
    with alone():
        assert Shared(None).result("one", lambda: 1) == (1, True)
        assert not is_free(lock)
    assert is_free(lock)


def test_a_turn_ends_with_an_error(lock: Path) -> None:
    """Whatever it is."""
    with pytest.raises(ZeroDivisionError), alone():
        raise ZeroDivisionError
    with alone():
        assert not is_free(lock)
    assert is_free(lock)
