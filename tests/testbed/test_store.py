"""The parts of the test bed: made once, whole, and anew when what they are made of differs."""

from pathlib import Path

import pytest
from kind.store import Store


def make(to: Path) -> None:
    """Make a part."""
    (to / "made").write_text("whole")


def test_a_part_is_made_once(tmp_path: Path) -> None:
    """A second run finds it."""
    store = Store(tmp_path)
    first = store.part("tree", ["a"], make)
    (first / "made").write_text("kept")

    assert (store.part("tree", ["a"], make) / "made").read_text() == "kept"


def test_a_part_of_something_else_takes_its_place(tmp_path: Path) -> None:
    """The older one would only fill the disk."""
    store = Store(tmp_path)
    older = store.part("tree", ["a"], make)
    newer = store.part("tree", ["b"], make)

    assert newer != older
    assert not older.exists()
    assert (newer / "made").exists()


def test_what_was_cut_off_is_begun_again(tmp_path: Path) -> None:
    """A part that is not whole is never found, nor are its leavings in the next one."""
    store = Store(tmp_path)

    def cut_off(to: Path) -> None:
        (to / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.part("tree", ["a"], cut_off)
    made = store.part("tree", ["a"], make)

    assert [one.name for one in made.iterdir()] == ["made"]


def test_each_part_says_that_it_is_made_and_how_long_it_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes pass."""
    Store(tmp_path).part("tree", ["a"], make)

    assert capsys.readouterr().out.splitlines() == ["kind test bed: making tree", "kind test bed: made tree in 0 s"]
