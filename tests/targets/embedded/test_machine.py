"""A machine that cannot bear the target, or whose clock is set, is named before anything is judged by it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.targets.embedded.machine import (
    NEEDED_BYTES,
    TOLERATED_STEP_S,
    remember_clock,
    require_memory,
    require_steady_clock,
)


def _meminfo(directory: Path, available: int) -> Path:
    path = directory / "meminfo"
    path.write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available // 1024} kB\n")
    return path


def test_too_little_memory_is_one_sentence(tmp_path: Path) -> None:
    """With what is needed, what is there and what to do."""
    with pytest.raises(TargetError, match=r"needs 3\.0 GiB of memory and 1\.5 GiB are free: .*--target plan"):
        require_memory(_meminfo(tmp_path, NEEDED_BYTES // 2), tmp_path / "no-group")


@pytest.mark.parametrize(
    ("limit", "used"),
    [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")],
)
def test_the_limit_of_a_container_counts(tmp_path: Path, limit: str, used: str) -> None:
    """However much the machine has."""
    (tmp_path / "memory").mkdir()
    (tmp_path / limit).write_text(f"{NEEDED_BYTES}\n")
    (tmp_path / used).write_text(f"{2**30}\n")

    with pytest.raises(TargetError, match=r"2\.0 GiB are free"):
        require_memory(_meminfo(tmp_path, 4 * NEEDED_BYTES), tmp_path)


def test_a_group_without_a_limit_is_none(tmp_path: Path) -> None:
    """`max` is what the kernel writes there."""
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1\n")

    require_memory(_meminfo(tmp_path, 4 * NEEDED_BYTES), tmp_path)

    assert (tmp_path / "memory.max").exists()


@pytest.mark.parametrize(("step", "word"), [(TOLERATED_STEP_S + 30, "forward"), (-TOLERATED_STEP_S - 30, "back")])
def test_a_clock_that_jumps_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: float, word: str) -> None:
    """In either direction."""
    remember_clock(tmp_path)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + step)

    with pytest.raises(TargetError, match=rf"the machine's clock was set 90 s {word} while the target ran"):
        require_steady_clock(tmp_path)


def test_a_clock_that_is_only_steered_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What NTP does all day."""
    remember_clock(tmp_path)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + TOLERATED_STEP_S / 2)

    assert require_steady_clock(tmp_path) is None  # type: ignore[func-returns-value]  # it does not raise
