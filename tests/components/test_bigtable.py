"""The emulator of Bigtable gives back what was written, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.components.bigtable import Bigtable, bigtable
from meshproof.errors import ProbeError, TargetError
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find


@pytest.fixture(name="running", scope="module")
def running_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bigtable]:
    """One emulator for all of them."""
    try:
        find("bigtable-emulator")
    except TargetError as error:
        pytest.skip(str(error))
    (port,) = free_ports(1)
    with bigtable(port=port, directory=tmp_path_factory.mktemp("bigtable")) as found:
        yield found


def test_a_row_is_replaced_as_a_whole(running: Bigtable) -> None:
    """A column that its newer version does not have is gone; other rows stay."""
    running.make("replaced", {"item": 1})
    running.write("replaced", "item", {"a": {"x": b"1", "y": b"2"}, "b": {"x": b"3"}})
    running.write("replaced", "item", {"a": {"x": b"4"}})

    assert running.rows("replaced", "item") == {"a": {"x": b"4"}, "b": {"x": b"3"}}


def test_what_is_deleted_is_gone(running: Bigtable) -> None:
    """And nothing else."""
    running.make("deleted", {"item": 1})
    running.write("deleted", "item", {"a": {"x": b"1"}, "b": {"x": b"2"}})
    running.delete("deleted", ["a"])
    running.delete("deleted", [])

    assert running.rows("deleted", "item") == {"b": {"x": b"2"}}


def test_what_it_refuses_is_told(running: Bigtable) -> None:
    """A family that is not declared, and a table that is not there."""
    running.make("told", {"item": 1})

    with pytest.raises(ProbeError, match=r"1 rows of told are refused: .*other"):
        running.write("told", "other", {"a": {"x": b"1"}})
    with pytest.raises(ProbeError, match=r"reading nowhere: .*nowhere"):
        running.rows("nowhere", "item")


def test_without_the_emulator_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that helps."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(TargetError, match=r"meshproof fetch bigtable-emulator"), bigtable(port=1, directory=tmp_path):
        pass
