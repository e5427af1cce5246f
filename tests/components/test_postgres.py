"""A real PostgreSQL takes what a cloud declares, and says with the declaration's address what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from meshproof.components.postgres import Spec, initialize, running
from meshproof.components.postgres_parameters import translated
from meshproof.errors import TargetError, UsageError
from meshproof.faults.killed import kill, state
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from tests.databases import DECLARED

ADDRESS = "module.db.aws_rds_cluster_parameter_group.primary"


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own account can enter."""
    try:
        find("postgres")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        yield path / "server"


def _spec(directory: Path, **changed: str) -> Spec:
    (port,) = free_ports(1)
    parameters = translated({**DECLARED, **changed}, ADDRESS)
    return Spec(name="primary", address="127.0.0.1", port=port, directory=directory, parameters=parameters)


def test_parameters_that_the_program_does_not_know_are_told_apart() -> None:
    """The cloud's own switches are translated or listed, and libraries that the program lacks are left out."""
    found = translated(DECLARED, ADDRESS)

    assert found.values["wal_level"] == "logical"
    assert found.values["shared_preload_libraries"] == "pg_stat_statements,auto_explain"
    assert set(found.dropped) == {"pgaudit.log", "rds.force_ssl"}


@pytest.mark.parametrize("name", ["synchronous_commit", "wal_sender_timeout", "rds.logical_replication"])
def test_no_default_stands_in_for_what_is_not_declared(name: str) -> None:
    """The address says where it is to be stated."""
    with pytest.raises(UsageError, match=rf"{ADDRESS}: does not declare .*{name}"):
        translated({key: value for key, value in DECLARED.items() if key != name}, ADDRESS)


def test_the_program_reports_what_is_declared_and_keeps_what_it_acknowledged(directory: Path) -> None:
    """After SIGKILL of all its processes it comes back with every committed row."""
    spec = _spec(directory, statement_timeout="12345")
    password = initialize(spec)
    with running(spec, password) as server:
        assert server.setting("statement_timeout") == "12345ms"
        assert server.setting("wal_level") == "logical"
        server.execute("CREATE TABLE kept (n int)")
        server.execute("INSERT INTO kept VALUES (7)")
        killed = kill([server.process.pid])
        assert len(killed.pids) > 1
        assert {state(pid) for pid in killed.pids} <= {"", "Z"}
        with pytest.raises(psycopg.OperationalError):
            server.execute("SELECT 1")

    with running(spec, password) as server:
        assert server.execute("SELECT n FROM kept") == [(7,)]


def test_a_parameter_that_is_refused_is_told_with_its_address(directory: Path) -> None:
    """The program's own words, the value, and where it is declared."""
    spec = _spec(directory, synchronous_commit="perhaps")
    password = initialize(spec)

    with (
        pytest.raises(UsageError, match=rf"{ADDRESS}: PostgreSQL refuses synchronous_commit = perhaps: invalid value"),
        running(spec, password),
    ):
        pass
