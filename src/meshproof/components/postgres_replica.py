"""PostgreSQL that follows another by physical streaming: its copy, its promotion, the way back of the old writer."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from typing import Final

import psycopg

from meshproof.components.postgres import ROLE, Server, Spec
from meshproof.components.postgres_parameters import quoted
from meshproof.components.postgres_programs import as_account, give, program
from meshproof.errors import TargetError
from meshproof.process import Completed, require, run

_COPIED_WITHIN_S: Final = 60.0
_REWOUND_WITHIN_S: Final = 60.0
_NOT_REQUIRED: Final = re.compile(r"no rewind required", re.IGNORECASE)
_PROMOTED_WITHIN_S: Final = 30


class CannotFollow(TargetError):
    """A server takes no follower: the sentence holds the program's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where a follower finds the server that it follows, and the slot that keeps what it has not got yet.

    `name` is what the follower is called there; address and port may be those of something in between.
    """

    address: str
    port: int
    password: str
    name: str
    slot: str

    def conninfo(self) -> str:
        """A libpq connection string."""
        return psycopg.conninfo.make_conninfo(
            host=self.address, port=self.port, user=ROLE, password=self.password, application_name=self.name
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What a server says of one that follows it; `behind` is in bytes of its log, None where it does not know."""

    name: str
    state: str
    sync_state: str
    behind: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewind:
    """Whether anything was rewound, and the program's own last words."""

    happened: bool
    said: str


def copy(spec: Spec, upstream: Upstream) -> None:
    """Make the data of a follower by a base backup of its upstream; the slot is made there.

    Raises CannotFollow with the program's words, TargetError where the program is missing.
    """
    spec.directory.mkdir(mode=0o700, parents=True)
    give(spec.directory)
    done = base_backup(spec, upstream, "--create-slot", "--slot", upstream.slot)
    if done.returncode != 0:
        message = f"{spec.name} cannot follow: {done.last_words(2)}"
        raise CannotFollow(message)
    follow(spec, upstream)


def base_backup(spec: Spec, upstream: Upstream, *options: str) -> Completed:
    """Run pg_basebackup into the data directory of `spec`, whatever its end. Raises TargetError."""
    command = [program("pg_basebackup", spec.directory), "--pgdata", spec.data]
    named = ["--host", upstream.address, "--port", str(upstream.port), "--username", ROLE, "--no-password"]
    how = ["--checkpoint", "fast", "--wal-method", "stream", "--no-sync", *options]
    return run(
        [*as_account(), *map(str, command), *named, *how],
        within_s=_COPIED_WITHIN_S,
        cwd=spec.directory,
        env={**os.environ, "PGPASSWORD": upstream.password},
        name="pg_basebackup",
    )


def follow(spec: Spec, upstream: Upstream) -> None:
    """Have the server, when it starts next, follow the upstream and nobody else."""
    lines = {"primary_conninfo": upstream.conninfo(), "primary_slot_name": upstream.slot}
    settings(spec, lines)
    (spec.data / "standby.signal").touch()
    give(spec.data)


def settings(spec: Spec, lines: dict[str, str]) -> None:
    """Replace what the server would keep of its own over its configuration: nothing that was copied stays."""
    text = "".join(f"{name} = '{quoted(value)}'\n" for name, value in lines.items())
    (spec.data / "postgresql.auto.conf").write_text(text, encoding="utf-8")


def followers(server: Server) -> list[Follower]:
    """Those that follow a server now. Raises psycopg.Error."""
    rows = server.execute(
        "SELECT application_name, state, sync_state, (pg_current_wal_lsn() - replay_lsn)::bigint "
        "FROM pg_stat_replication ORDER BY application_name"
    )
    return [Follower(name=name, state=state, sync_state=sync, behind=behind) for name, state, sync, behind in rows]


def promote(server: Server) -> float:
    """Make a follower a writer; returns the seconds until it says that it is one. Raises TargetError."""
    began_at_s = time.monotonic()
    try:
        ((done,),) = server.execute(f"SELECT pg_promote(true, {_PROMOTED_WITHIN_S})", within_s=_PROMOTED_WITHIN_S)
    except psycopg.Error as error:
        message = f"{server.name}: cannot be promoted: {' '.join(str(error).split())}"
        raise TargetError(message) from error
    if not done:
        message = f"{server.name}: is not promoted within {_PROMOTED_WITHIN_S} s"
        raise TargetError(message)
    return time.monotonic() - began_at_s


def rewind(spec: Spec, source: Upstream) -> Rewind:
    """Take back, in the data of a server that has ended, what its successor never had. Raises TargetError.

    Without a checkpoint of the successor after its promotion the program finds nothing to do.
    """
    command = [program("pg_rewind", spec.directory), "--target-pgdata", spec.data, "--no-sync"]
    done = run(
        [*as_account(), *map(str, command), f"--source-server={_without_password(source)}"],
        within_s=_REWOUND_WITHIN_S,
        cwd=spec.directory,
        env={**os.environ, "PGPASSWORD": source.password},
        name="pg_rewind",
    )
    require(done, doing=f"{spec.name}: taking back what its successor never had")
    said = " ".join(f"{done.stdout}\n{done.stderr}".split())
    return Rewind(happened=_NOT_REQUIRED.search(said) is None, said=said[-200:])


def _without_password(source: Upstream) -> str:
    return psycopg.conninfo.make_conninfo(host=source.address, port=source.port, user=ROLE, dbname="postgres")
