"""The pool in front of the orders: many clients on few connections, and a database that starts again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.pool import BACK_WITHIN_S, CLIENTS, Pooled
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.observation import Observed

CONFIG: Final = "https://www.pgbouncer.org/config.html"
#: As declared but for what a mutant puts in.
FILE: Final = """
[databases]
orders = pool_size=40
[pgbouncer]
pool_mode = {pool_mode}
default_pool_size = 20
min_pool_size = 5
reserve_pool_size = 5
max_client_conn = {max_client_conn}
max_db_connections = 60
query_wait_timeout = 5
server_connect_timeout = 3
server_login_retry = {server_login_retry}
server_lifetime = 900
server_idle_timeout = 120
"""


def _file(**changed: str) -> dict[str, object]:
    values = {"pool_mode": "transaction", "max_client_conn": "2000", "server_login_retry": "1", **changed}
    return {"data": {"pgbouncer.ini": FILE.format(**values)}}


POOLED = Control(
    id="DR-330",
    title="Idle clients of the database pool MUST write again within seconds once the database is back, on few connections",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CONFIG,
    remedy="Pool by transaction, let in every pod's clients, and try a server again at once.",
    targets=("embedded",),
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "ConfigMap", "primary:data/pgbouncer", _file(pool_mode="session"), says="were answered", name="by-session"
        ),
        edit(
            "ConfigMap", "primary:data/pgbouncer", _file(max_client_conn="30"), says="were answered", name="few-clients"
        ),
        edit(
            "ConfigMap",
            "primary:data/pgbouncer",
            _file(server_login_retry="60"),
            says="s after the restart",
            name="late-retry",
        ),
    ],
)


@checks(POOLED)
def test_idle_clients_go_on(pooled: Observed[Pooled]) -> None:
    """A hundred clients write once each, the database dies with its connections and is started, and all write again."""
    findings = judge([pooled], lambda one: _goes_on(one.value))

    assert not findings.broken, findings.table()


def _goes_on(drill: Pooled) -> Iterator[str]:
    measure("connections at the database, 100 clients", drill.at_database, "connections", objective=drill.allowed)
    measure("all idle clients wrote again", drill.seconds, "s", objective=BACK_WITHIN_S)
    measure("idle clients that kept their connection", drill.kept, "clients")
    if drill.before < CLIENTS:
        yield f"{drill.before} of {CLIENTS} clients were answered: {drill.said}"
    elif drill.again < CLIENTS:
        yield f"{drill.again} of {CLIENTS} clients wrote again within {BACK_WITHIN_S:g} s after the restart: {drill.said}"
    if drill.at_database > drill.allowed:
        yield f"the database saw {drill.at_database} connections, {drill.allowed} are declared"
    if not drill.verdict.kept:
        yield from drill.verdict.complaints()
