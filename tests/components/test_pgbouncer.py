"""A declared pgbouncer.ini is read, what this machine cannot take is told, and the program reports the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.components.pgbouncer import REQUIRED, pool_of, pooling
from meshproof.components.postgres import Spec, initialize, running
from meshproof.components.postgres_parameters import translated
from meshproof.errors import TargetError, UsageError
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from tests.databases import DECLARED

STATED = {**dict.fromkeys(REQUIRED, "30"), "pool_mode": "transaction", "server_tls_sslmode": "verify-full"}


def _file(options: dict[str, str]) -> str:
    lines = "\n".join(f"{name} = {value}" for name, value in options.items())
    return f"[databases]\nshop = host=db port=5432 pool_size=7\n[pgbouncer]\nlisten_addr = 0.0.0.0\n{lines}\n"


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that the programs' own account can enter."""
    try:
        find("postgres")
        find("pgbouncer")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        yield path


def test_what_is_this_machines_own_is_told_apart() -> None:
    """Where it listens and its certificates are left out, with the reason."""
    spec = pool_of(_file(STATED), "data/pgbouncer")

    assert spec.databases["shop"]["pool_size"] == "7"
    assert "pool_mode" in spec.options
    assert {"listen_addr", "server_tls_sslmode"} <= set(spec.dropped)
    assert not set(spec.dropped) & set(spec.options)


def test_no_default_stands_in_for_what_is_not_stated() -> None:
    """The address says where to state it."""
    with pytest.raises(UsageError, match="data/pgbouncer: does not state pool_mode"):
        pool_of(_file({name: value for name, value in STATED.items() if name != "pool_mode"}), "data/pgbouncer")


@pytest.mark.parametrize(
    "text", ["pool_mode = transaction", "[databases]\nshop = host\n[pgbouncer]\n", "[databases]\n"]
)
def test_what_is_no_such_file_is_told_in_one_sentence(text: str) -> None:
    """No section, an option without a value, a section missing."""
    with pytest.raises(UsageError, match=r"data/pgbouncer: is no pgbouncer\.ini"):
        pool_of(text, "data/pgbouncer")


@pytest.mark.parametrize(("changed", "says"), [({"default_pool_size": "11"}, "11"), ({}, "30")])
def test_the_program_reports_what_is_declared(directory: Path, changed: dict[str, str], says: str) -> None:
    """In its own words: the size of a pool, and of the database's own."""
    database, port = free_ports(2)
    spec = Spec(
        name="primary",
        address="127.0.0.1",
        port=database,
        directory=directory / "server",
        parameters=translated(DECLARED, "group"),
    )
    declared = pool_of(_file({**STATED, **changed}), "data/pgbouncer")
    with (
        running(spec, initialize(spec)) as server,
        pooling(declared, {"shop": server}, directory / "pool", address="127.0.0.1", port=port) as pool,
    ):
        assert pool.setting("default_pool_size") == says
        assert [one["pool_size"] for one in pool.show("DATABASES") if one["name"] == "shop"] == [7]


def test_an_option_that_is_refused_is_told_with_its_address(directory: Path) -> None:
    """The program's own words stand behind it."""
    database, port = free_ports(2)
    spec = Spec(
        name="primary",
        address="127.0.0.1",
        port=database,
        directory=directory / "server",
        parameters=translated(DECLARED, "group"),
    )
    declared = pool_of(_file({**STATED, "pool_mode": "perhaps"}), "data/pgbouncer")
    with (
        running(spec, initialize(spec)) as server,
        pytest.raises(UsageError, match=r"data/pgbouncer: PgBouncer does not take it: .*pool_mode"),
        pooling(declared, {"shop": server}, directory / "pool", address="127.0.0.1", port=port),
    ):
        pass
