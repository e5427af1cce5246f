"""PgBouncer as a real process, with the file that is declared for it: the pool between a service and its database."""

from __future__ import annotations

import configparser
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from meshproof.components.postgres import ROLE, Server
from meshproof.components.postgres_programs import as_account, give
from meshproof.errors import ProbeError, TargetError, UsageError
from meshproof.process import Running
from meshproof.toolchain import find
from meshproof.waiting import until

#: What a pool's behaviour depends on: the program's own default never stands in for these.
REQUIRED: Final = (
    "pool_mode",
    "default_pool_size",
    "max_client_conn",
    "max_db_connections",
    "query_wait_timeout",
    "server_connect_timeout",
    "server_lifetime",
    "server_idle_timeout",
)
#: Where it listens, as whom it speaks and with what certificates: this machine's, not the platform's.
_OWN: Final = ("listen_addr", "listen_port", "unix_socket_dir", "auth_type", "auth_file")
_TLS: Final = re.compile(r"(client|server)_tls_")
#: Known only to releases after the one that is run; by the release that brought it.
_LATER: Final = {"max_prepared_statements": (1, 21)}
_READY_WITHIN_S: Final = 15.0
_ADMIN: Final = "pgbouncer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSpec:
    """What is declared at `address`: the options of each database, and those of the program.

    `dropped` maps an option to why the program is not given it.
    """

    address: str
    databases: Mapping[str, Mapping[str, str]]
    options: Mapping[str, str]
    dropped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool that runs; its clients log in as the database's own superuser."""

    address: str
    port: int
    password: str = field(repr=False)
    process: Running

    def conninfo(self, database: str, *, within_s: float = 10.0) -> str:
        """A libpq connection string for a client of the pool."""
        return psycopg.conninfo.make_conninfo(
            host=self.address,
            port=self.port,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=max(2, round(within_s)),
        )

    def show(self, what: str) -> list[dict[str, Any]]:
        """The rows of a SHOW command, by column. Raises ProbeError."""
        try:
            with psycopg.connect(
                self.conninfo(_ADMIN), autocommit=True, cursor_factory=psycopg.ClientCursor, row_factory=_by_column
            ) as connection:
                return connection.execute(f"SHOW {what}".encode()).fetchall()
        except psycopg.Error as error:
            message = f"PgBouncer does not say its {what}: {' '.join(str(error).split())}"
            raise ProbeError(message) from error

    def setting(self, name: str) -> str:
        """What the program itself says that an option is. Raises ProbeError."""
        found = {str(row["key"]): str(row["value"]) for row in self.show("CONFIG")}
        if name not in found:
            message = f"PgBouncer knows no option {name}"
            raise ProbeError(message)
        return found[name]


def pool_of(text: str, address: str) -> PoolSpec:
    """A declared pgbouncer.ini. Raises UsageError naming the address for what is not stated in it."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        databases = {name: _options(value) for name, value in parser["databases"].items()}
        options = dict(parser["pgbouncer"])
    except (configparser.Error, KeyError, ValueError) as error:
        message = f"{address}: is no pgbouncer.ini: {' '.join(str(error).split())}; correct it"
        raise UsageError(message) from error
    if missing := [name for name in REQUIRED if name not in options]:
        message = f"{address}: does not state {', '.join(missing)}; state it, because no default stands in for it"
        raise UsageError(message)
    dropped = {
        **{name: "is this machine's own" for name in options if name in _OWN},
        **{name: "the databases of a drill speak no TLS" for name in options if _TLS.match(name)},
        **{name: f"came with {'.'.join(map(str, since))}" for name, since in _LATER.items() if _is_older(since)},
    }
    kept = {name: value for name, value in options.items() if name not in dropped}
    return PoolSpec(address=address, databases=databases, options=kept, dropped=dropped)


@contextmanager
def pooling(
    spec: PoolSpec, servers: Mapping[str, Server], directory: Path, *, address: str, port: int
) -> Iterator[Pool]:
    """Run the pool in front of a server for each of its databases until the end of the block.

    `directory` is its own and is made here. Raises UsageError with the program's words for an option that it refuses,
    TargetError where it does not come up.
    """
    directory.mkdir(mode=0o700)
    password = next(iter(servers.values())).password
    users = directory / "users"
    users.write_text(f'"{ROLE}" "{password}"\n', encoding="utf-8")
    users.chmod(0o600)
    own = {"listen_addr": address, "listen_port": str(port), "unix_socket_dir": "", "admin_users": ROLE}
    auth = {"auth_type": "scram-sha-256", "auth_file": str(users)}
    file = directory / "pgbouncer.ini"
    file.write_text(_ini(spec, servers, {**own, **auth}), encoding="utf-8")
    program = _program(directory)
    give(directory)
    argv: list[str | Path] = [*as_account(), program, file]
    with Running(argv, log=directory.parent / "pgbouncer.log", cwd=directory, stop_within_s=1.0) as process:
        pool = Pool(address=address, port=port, password=password, process=process)
        until(lambda: _has_begun(pool), bool, within_s=_READY_WITHIN_S, every_s=0.1, what="PgBouncer to answer")
        if process.returncode is not None:
            message = f"{spec.address}: PgBouncer does not take it: {process.last_words(4)}"
            raise UsageError(message)
        yield pool


def _by_column(cursor: psycopg.Cursor[Any]) -> Any:
    return psycopg.rows.dict_row(cursor)


def _options(text: str) -> dict[str, str]:
    return {name: value for name, value in (one.split("=", 1) for one in text.split())}  # noqa: C416  two of each


def _ini(spec: PoolSpec, servers: Mapping[str, Server], own: Mapping[str, str]) -> str:
    lines = ["[databases]"]
    for name, server in servers.items():
        where = {"host": server.address, "port": str(server.port), "dbname": name, "user": ROLE}
        kept = {**spec.databases.get(name, {}), **where}
        lines.append(f"{name} = {' '.join(f'{key}={value}' for key, value in kept.items())}")
    lines += ["[pgbouncer]", *(f"{key} = {value}" for key, value in {**spec.options, **own}.items())]
    return "\n".join(lines) + "\n"


def _program(directory: Path) -> Path:
    """PgBouncer refuses to run as root, and what is in the cache only its owner may enter. Raises TargetError."""
    path = find("pgbouncer").path
    if os.geteuid() != 0 or path.parent.parent.stat().st_mode & 0o005:
        return path
    copy = directory / "program"
    shutil.copytree(path.parent, copy, symlinks=True)
    return copy / path.name


def _is_older(since: tuple[int, ...]) -> bool:
    try:
        version = find("pgbouncer").version
    except TargetError:
        return True
    return tuple(int(one) for one in version.split(".")[:2]) < since


def _has_begun(pool: Pool) -> bool:
    if pool.process.returncode is not None:
        return True
    try:
        return bool(pool.show("VERSION"))
    except ProbeError:
        return False
