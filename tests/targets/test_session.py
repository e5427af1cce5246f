"""What a run of pytest holds of its target: one place for all of its workers."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_a_run_on_another_target_holds_nothing(pytester: pytest.Pytester, place: Path) -> None:
    """The plan target needs no place."""
    pytester.makepyfile(test_none="import os\ndef test_none():\n    assert 'MESHPROOF_EMBEDDED' not in os.environ")
    result = pytester.runpytest_subprocess("test_none.py", "--target", "plan", "-p", "no:cacheprovider", timeout=120)

    assert result.ret == 0, result.outlines
    assert list(place.glob("meshproof-*")) == []
