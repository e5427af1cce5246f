"""PostgreSQL's log kept as it is written, a base backup of it, and the way back to any instant between."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from meshproof.components.postgres import Server, Spec
from meshproof.components.postgres_programs import as_account, give, program
from meshproof.components.postgres_replica import Upstream, base_backup, settings
from meshproof.errors import TargetError
from meshproof.process import require, run
from meshproof.waiting import until

_VERIFIED_WITHIN_S: Final = 60.0
_ARCHIVED_WITHIN_S: Final = 20.0


def archiving(archive: Path) -> dict[str, str]:
    """The settings of a server whose log is kept in a directory, which is made here."""
    archive.mkdir(mode=0o700)
    give(archive)
    kept = f'"{archive}/%f"'
    return {"archive_mode": "on", "archive_command": f"test ! -f {kept} && cp %p {kept}.part && mv {kept}.part {kept}"}


def back_up(spec: Spec, upstream: Upstream) -> None:
    """Take a base backup of a running server into the data directory of `spec`. Raises TargetError."""
    spec.directory.mkdir(mode=0o700, parents=True)
    give(spec.directory)
    require(base_backup(spec, upstream), doing=f"{spec.name}: taking a base backup")


def unreadable(spec: Spec) -> str:
    """Why the base backup in a data directory is not what was taken, empty where it is. Raises TargetError."""
    done = run(
        [*as_account(), str(program("pg_verifybackup", spec.directory)), "--exit-on-error", str(spec.data)],
        within_s=_VERIFIED_WITHIN_S,
        cwd=spec.directory,
        # It asks pg_waldump, which it looks for beside itself.
        env=dict(os.environ),
        name="pg_verifybackup",
    )
    return "" if done.returncode == 0 else done.last_words(2) or f"it ended with status {done.returncode}"


def await_archived(server: Server) -> None:
    """Until everything that a server has written so far is in its archive. Raises NotYet, psycopg.Error."""
    ((name,),) = server.execute("SELECT pg_walfile_name(pg_switch_wal())")
    statement = f"SELECT coalesce(last_archived_wal >= '{name}', false) FROM pg_stat_archiver"  # noqa: S608  its own name
    until(lambda: server.execute(statement)[0][0], bool, within_s=_ARCHIVED_WITHIN_S, what=f"{name} in the archive")


def restored(spec: Spec, archive: Path, before: datetime) -> Spec:
    """The server that a base backup becomes: with all that was committed before an instant, and nothing after it."""
    settings(spec, {})
    (spec.data / "recovery.signal").touch()
    give(spec.data)
    return replace(
        spec,
        service={
            "restore_command": f'cp "{archive}/%f" %p',
            "recovery_target_time": before.isoformat(sep=" "),
            "recovery_target_inclusive": "off",
            "recovery_target_action": "promote",
        },
    )


def committed_at(server: Server, transaction: int) -> datetime:
    """When a transaction was committed. Raises TargetError where the server does not keep that."""
    try:
        ((at,),) = server.execute(f"SELECT pg_xact_commit_timestamp('{transaction}'::xid)")
    except psycopg.Error as error:
        message = f"{server.name}: does not say when a transaction was committed: {' '.join(str(error).split())}"
        raise TargetError(message) from error
    if not isinstance(at, datetime):
        message = f"{server.name}: knows no instant of transaction {transaction}"
        raise TargetError(message)
    return at
