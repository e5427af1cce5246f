"""A disk that is full under PostgreSQL: writes are refused, and none that was acknowledged is taken for lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from meshproof.components.postgres import Server, Spec, initialize, running
from meshproof.components.postgres_parameters import translated
from meshproof.components.postgres_programs import give
from meshproof.errors import TargetError
from meshproof.history.ledger import Ledger
from meshproof.history.operation import Outcome, value_of
from meshproof.history.reading import read_ledger
from meshproof.history.sets import check_set
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from tests.databases import DECLARED
from tests.small_disks import small_disk

#: Rows of this many bytes fill the disk within a few hundred writes.
WIDTH = 20_000
SIZE = "6m"
MOST_WRITES = 2_000


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own account can enter."""
    try:
        find("postgres")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        (path / "small").mkdir()
        give(path / "small")
        yield path


def test_a_full_disk_refuses_writes_and_loses_none(directory: Path) -> None:
    """The server goes on, says which disk is full, and holds exactly what it acknowledged."""
    (port,) = free_ports(1)
    spec = Spec(
        name="primary",
        address="127.0.0.1",
        port=port,
        directory=directory / "server",
        parameters=translated(DECLARED, "group"),
        prefix=small_disk(directory / "small", SIZE),
    )
    password = initialize(spec)
    with running(spec, password) as server, Ledger(directory / "ledger") as ledger:
        server.execute(f"CREATE TABLESPACE small LOCATION '{directory}/small'")
        server.execute("CREATE TABLE orders (value bigint NOT NULL, filling text) TABLESPACE small")
        refused = _write_until_refused(server, ledger)
        there = [int(row[0]) for row in server.execute("SELECT value FROM orders")]

    verdict = check_set(read_ledger(ledger.path), there)
    assert "No space left on device" in refused
    assert verdict.acknowledged > 10
    assert verdict.kept, verdict.complaints()
    assert len(read_ledger(ledger.path).having(Outcome.FAIL)) == 1


def _write_until_refused(server: Server, ledger: Ledger) -> str:
    """Write wide rows until the store says that it cannot; a refusal for want of space is certain, no doubt about it."""
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        for sequence in range(MOST_WRITES):
            value = value_of(0, sequence)
            ledger.intend(value, "database connection", server.address)
            try:
                connection.execute("INSERT INTO orders VALUES (%s, %s)", (value, os.urandom(WIDTH // 2).hex()))
            except psycopg.errors.DiskFull as error:
                ledger.refused(value, "the disk is full")
                return str(error)
            ledger.acknowledged(value, by=server.name, epoch=1, position=-1)
    return ""
