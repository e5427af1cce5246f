"""A backup that cannot be read is red, however it came to that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.drill.restore import restore_primary
from fixtures.drill.stores import Kept, Stores
from meshproof.components.postgres_parameters import translated
from meshproof.errors import TargetError
from meshproof.process import scratch
from meshproof.toolchain import find
from suites.dr.brought_back import is_brought_back
from tests.databases import DECLARED

STORES = Stores(
    environment="test",
    instances=("a",),
    peer_instances=(),
    parameters={"primary": translated(DECLARED, "group")},
    kept={"primary": Kept(backups=True, log=True)},
)


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


def _largest(data: Path) -> Path:
    return max((one for one in (data / "base").rglob("*") if one.is_file()), key=lambda one: one.stat().st_size)


def _truncate(data: Path, _archive: Path) -> None:
    file = _largest(data)
    file.write_bytes(file.read_bytes()[:8192])


def _flip(data: Path, _archive: Path) -> None:
    file = _largest(data)
    content = bytearray(file.read_bytes())
    content[4096] ^= 0xFF
    file.write_bytes(content)


def _forget_log(_data: Path, archive: Path) -> None:
    for file in archive.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("damage", "says"),
    [(_truncate, "cannot be read"), (_flip, "cannot be read"), (_forget_log, "cannot be restored")],
)
def test_what_cannot_be_read_is_red(directory: Path, damage: Callable[[Path, Path], object], says: str) -> None:
    """Cut off, changed in one bit's place, or without the log that follows it."""
    said = list(is_brought_back(restore_primary(STORES, directory, damage=damage)))

    assert any(says in one for one in said), said
