"""PostgreSQL as a real process: one server of one site, with the parameters that its cloud declares."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from meshproof.components.postgres_parameters import Parameters, quoted
from meshproof.components.postgres_programs import as_account, give, program
from meshproof.errors import ProbeError, TargetError, UsageError
from meshproof.process import Running, require, run
from meshproof.waiting import until

ROLE: Final = "meshproof"
_INIT_WITHIN_S: Final = 60.0
_READY_WITHIN_S: Final = 30.0
_ANSWER_WITHIN_S: Final = 5.0
_REFUSED: Final = re.compile(
    r'(?:invalid value for parameter|unrecognized configuration parameter|parameter) "([\w.]+)"[^|]*'
)
#: Settings of this machine, not of the platform: where it listens and what it leaves behind.
_OWN: Final = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
log_destination = 'stderr'
logging_collector = off
max_connections = 200
shared_buffers = '32MB'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a server is and how it is reached; `password` is that of its superuser."""

    name: str
    address: str
    port: int
    password: str = field(repr=False)
    process: Running

    def conninfo(self, database: str = "postgres", *, within_s: float = _ANSWER_WITHIN_S) -> str:
        """A libpq connection string."""
        return psycopg.conninfo.make_conninfo(
            host=self.address,
            port=self.port,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=max(2, round(within_s)),
            application_name=f"meshproof-{self.name}",
        )

    def execute(
        self, statement: str, *, database: str = "postgres", within_s: float = _ANSWER_WITHIN_S
    ) -> list[tuple[Any, ...]]:
        """The rows of one statement in a connection of its own; none where it gives none. Raises psycopg.Error."""
        # Statements are those of the platform and of the suites, never of a caller.
        query = statement.encode()
        with psycopg.connect(self.conninfo(database, within_s=within_s), autocommit=True) as connection:
            found = connection.execute(query)
            return found.fetchall() if found.description is not None else []

    def setting(self, name: str) -> str:
        """What the program itself says that a parameter is. Raises ProbeError where it does not answer."""
        try:
            return str(self.execute(f"SHOW {name}")[0][0])
        except psycopg.Error as error:
            message = f"{self.name}: does not say what {name} is: {_one_line(error)}"
            raise ProbeError(message) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One server to run: `directory` is its own, `parameters` are what its site declares.

    `service` is what stands for the managed service around it, by the program's own names: archiving, for example.
    `prefix` goes before the server's command: a namespace of its own, for example.
    """

    name: str
    address: str
    port: int
    directory: Path
    parameters: Parameters
    service: Mapping[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        """The database cluster."""
        return self.directory / "data"


def initialize(spec: Spec) -> str:
    """Make an empty database cluster in the directory of the server; returns its superuser's password.

    Raises TargetError.
    """
    spec.directory.mkdir(mode=0o700, parents=True)
    password = secrets.token_urlsafe(24)
    file = spec.directory / "password"
    file.write_text(password, encoding="utf-8")
    file.chmod(0o600)
    give(spec.directory)
    command: list[str | Path] = [
        program("initdb", spec.directory),
        "--pgdata",
        spec.data,
        "--username",
        ROLE,
        "--pwfile",
        file,
        "--no-sync",
    ]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
    done = run([*as_account(), *command, *options], within_s=_INIT_WITHIN_S, cwd=spec.directory, name="initdb")
    require(done, doing=f"{spec.name}: making an empty database cluster")
    file.unlink()
    with (spec.data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write("host all,replication all 127.0.0.0/8 scram-sha-256\n")
    return password


@contextmanager
def running(spec: Spec, password: str) -> Iterator[Server]:
    """Run the server over its directory until the end of the block, once it takes statements.

    Raises UsageError with PostgreSQL's own message and the address of the declaration for a parameter that it
    refuses, and TargetError with its last words for anything else.
    """
    own = _OWN.format(address=spec.address, port=spec.port)
    service = "".join(f"{name} = '{quoted(value)}'\n" for name, value in spec.service.items())
    (spec.data / "postgresql.conf").write_text(spec.parameters.lines() + own + service, encoding="utf-8")
    log = spec.directory / "postgres.log"
    argv: list[str | Path] = [*spec.prefix, *as_account(), program("postgres", spec.directory), "-D", spec.data]
    with Running(argv, log=log, cwd=spec.directory, name=f"postgres {spec.name}", stop_within_s=2.0) as process:
        server = Server(name=spec.name, address=spec.address, port=spec.port, password=password, process=process)
        what = f"PostgreSQL of {spec.name} to take statements"
        until(lambda: _has_begun(server), bool, within_s=_READY_WITHIN_S, every_s=0.1, what=what)
        if process.returncode is not None:
            raise _ended(server, spec)
        yield server


def _has_begun(server: Server) -> bool:
    """Whether it takes statements, or has ended and never will."""
    if server.process.returncode is not None:
        return True
    try:
        return bool(server.execute("SELECT 1", within_s=2.0))
    except psycopg.OperationalError:
        return False


def _ended(server: Server, spec: Spec) -> Exception:
    """Why the server did not come up: a refused parameter has an address, anything else its last words."""
    said = server.process.last_words(12)
    if (found := _REFUSED.search(said)) and (address := spec.parameters.addresses.get(found[1])):
        message = f"{address}: PostgreSQL refuses {found[1]} = {spec.parameters.values[found[1]]}: {found[0].strip()}"
        return UsageError(message)
    return TargetError(f"{spec.name}: PostgreSQL ended while it started: {said or 'it said nothing'}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
