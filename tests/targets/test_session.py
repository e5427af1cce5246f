"""What a run of pytest holds of its target: one place for all of its workers."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from meshproof.process import Running
from meshproof.waiting import until

CHECK = """
import os, pathlib, pytest

@pytest.mark.parametrize("number", range(4))
def test_the_place_is_there(number):
    place = pathlib.Path(os.environ["MESHPROOF_EMBEDDED"])
    assert place.is_dir()
    (pathlib.Path(__file__).parent / f"seen-{number}").write_text(f"{place}\\n{os.getpid()}")
"""


def seen(pytester: pytest.Pytester, *options: str) -> tuple[set[str], set[str]]:
    """The places that the checks of a run found, and the processes that they ran in."""
    pytester.makepyfile(test_place=CHECK)
    result = pytester.runpytest_subprocess("test_place.py", "-p", "no:cacheprovider", *options, timeout=120)
    assert result.ret == 0, result.outlines
    lines = [one.read_text(encoding="utf-8").split("\n") for one in pytester.path.glob("seen-*")]
    return {place for place, _ in lines}, {process for _, process in lines}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the targets of the runs lie."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("MESHPROOF_EMBEDDED", raising=False)
    return tmp_path


def test_workers_find_one_place_and_it_goes_with_the_run(pytester: pytest.Pytester, place: Path) -> None:
    """Two workers, one target: and where no check started it, nothing is left of it."""
    places, workers = seen(pytester, "--target", "embedded", "-n", "2")

    assert len(places) == 1
    assert len(workers) == 2
    assert list(place.glob("meshproof-*/*")) == []


STUCK = """
import os, pathlib, subprocess, time
from meshproof.process import Running

def test_stuck():
    here = pathlib.Path(__file__).parent
    with Running(["sleep", "300"], log=here / "log") as program:
        (here / "half").write_text(f"{os.getpid()} {program.pid}")
        (here / "half").rename(here / "pids")
        time.sleep(300)
"""


def test_workers_that_are_stuck_end_with_a_killed_run(pytester: pytest.Pytester, place: Path) -> None:
    """Left alone, a worker in a blocking call would be given five seconds and more; its programs go too."""
    pytester.makepyfile(test_stuck=STUCK)
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "test_stuck.py",
        "--target",
        "embedded",
        "-n",
        "1",
        "-p",
        "no:cacheprovider",
    ]
    with Running(argv, log=place / "log", cwd=pytester.path) as run:
        until((pytester.path / "pids").exists, bool, within_s=60, what="the worker's program")
        pids = [int(word) for word in (pytester.path / "pids").read_text(encoding="utf-8").split()]
        os.kill(run.pid, signal.SIGKILL)

        until(lambda: [one for one in pids if is_running(one)], lambda left: not left, within_s=4, what="all gone")


def is_running(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_run_on_another_target_holds_nothing(pytester: pytest.Pytester, place: Path) -> None:
    """The plan target needs no place."""
    pytester.makepyfile(test_none="import os\ndef test_none():\n    assert 'MESHPROOF_EMBEDDED' not in os.environ")
    result = pytester.runpytest_subprocess("test_none.py", "--target", "plan", "-p", "no:cacheprovider", timeout=120)

    assert result.ret == 0, result.outlines
    assert list(place.glob("meshproof-*")) == []
