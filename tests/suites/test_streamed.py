"""Defects planted into the drill of the writer's loss are found, each by its own promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.drill.stores import Stores
from fixtures.drill.streaming import Planted, Streaming, lose_writer
from meshproof.components.postgres_parameters import translated
from meshproof.errors import TargetError
from meshproof.process import scratch
from meshproof.toolchain import find
from suites.dr.streamed import comes_back, loses_nothing
from tests.databases import DECLARED

PARAMETERS = translated(DECLARED, "group")
#: An acknowledged write in the middle of one client's.
MIDDLE = "(SELECT value FROM orders WHERE value > 0 AND value < 1::bigint << 40 ORDER BY value OFFSET 20 LIMIT 1)"


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own account can enter."""
    try:
        find("postgres")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        yield path


def _drilled(directory: Path, planted: Planted) -> Streaming:
    parameters = dict.fromkeys(("primary", "peer"), PARAMETERS)
    stores = Stores(environment="test", instances=("a", "b"), peer_instances=(), parameters=parameters, kept={})
    return lose_writer(stores, directory, planted=planted)


def test_a_promotion_without_a_checkpoint_is_found_out(directory: Path) -> None:
    """The rewind finds nothing to do, and the old writer keeps what only it had taken."""
    drill = _drilled(directory, Planted(checkpoint=False))

    said = list(comes_back(drill))
    assert not list(loses_nothing(drill))
    assert any("nothing was rewound" in one for one in said), said
    assert any("no copy of its successor" in one for one in said), said


def test_a_dropped_and_a_doubled_write_are_found(directory: Path) -> None:
    """One is a hole, not a suffix; the other is there twice."""
    drill = _drilled(
        directory,
        Planted(
            statements=(
                f"DELETE FROM orders WHERE value = {MIDDLE}",  # noqa: S608  ours
                f"INSERT INTO orders VALUES ({MIDDLE})",  # noqa: S608  ours
            )
        ),
    )

    said = list(loses_nothing(drill))
    assert any("1 of" in one and "lost" in one for one in said), said
    assert any("not a suffix" in one for one in said), said
    assert any("there more than once" in one for one in said), said
    assert not list(comes_back(drill))
