"""The parameters that a managed PostgreSQL is declared with, as the program itself takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshproof.errors import UsageError

#: What a replication, a failover or a measurement depends on: the engine's own default never stands in for these.
REQUIRED: Final = (
    "deadlock_timeout",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "logical_decoding_work_mem",
    "max_logical_replication_workers",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "password_encryption",
    "statement_timeout",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "timezone",
    "track_commit_timestamp",
    "wal_level",
    "wal_receiver_timeout",
    "wal_sender_timeout",
)
#: How each cloud says that the log is to hold what logical replication needs.
_LOGICAL: Final = ("rds.logical_replication", "cloudsql.logical_decoding")
_ON: Final = ("1", "on", "true", "yes")
#: What only the managed service knows: the program has no such switch.
_SERVICE_ONLY: Final = ("rds.", "aurora_", "cloudsql.", "apg_")
#: Libraries that the program itself brings; a parameter of any other has no meaning to it.
_LIBRARIES: Final = ("auto_explain", "pg_stat_statements")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the program is given: `values` by name, `addresses` says where each is declared.

    `dropped` maps a declared parameter to why the program is not given it.
    """

    values: Mapping[str, str]
    addresses: Mapping[str, str]
    dropped: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> str:
        """As in postgresql.conf."""
        return "".join(f"{name} = '{quoted(value)}'\n" for name, value in sorted(self.values.items()))


def translated(declared: Mapping[str, str], address: str) -> Parameters:
    """A cloud's parameters (by name, as declared at `address`) as PostgreSQL's own.

    Raises UsageError naming the address for a required parameter that is not declared: no default of an engine is
    ever used in its place.
    """
    values, dropped = dict[str, str](), dict[str, str]()
    for name, value in declared.items():
        if name in _LOGICAL:
            values["wal_level"] = "logical" if value.lower() in _ON else "replica"
        elif name.startswith(_SERVICE_ONLY):
            dropped[name] = "is the managed service's own"
        elif name == "shared_preload_libraries":
            values[name] = ",".join(one for one in value.split(",") if one in _LIBRARIES)
        elif "." in name and name.partition(".")[0] not in _LIBRARIES:
            dropped[name] = "belongs to an extension that the program does not bring"
        else:
            values[name] = value
    if missing := [name for name in REQUIRED if name not in values]:
        message = (
            f"{address}: does not declare {', '.join(_declared_names(missing))}; state it, because no default of an "
            "engine stands in for it"
        )
        raise UsageError(message)
    return Parameters(values=values, addresses=dict.fromkeys(values, address), dropped=dropped)


def _declared_names(missing: Iterable[str]) -> list[str]:
    return [" or ".join(_LOGICAL) if name == "wal_level" else name for name in missing]


def quoted(value: str) -> str:
    """A value as it stands between quotes in postgresql.conf."""
    return value.replace("\\", "\\\\").replace("'", "''")
