"""Each declared number that decides a drill is what the program reports, and what is measured changes with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from fixtures.drill.stores import Stores
from fixtures.drill.streaming import lose_writer
from meshproof.components.dns import serving
from meshproof.components.pgbouncer import REQUIRED, pool_of, pooling
from meshproof.components.postgres import Server, Spec, initialize, running
from meshproof.components.postgres_parameters import translated
from meshproof.components.route53 import Check, check_of, ttl_of
from meshproof.declaration.platform import Item, Platform
from meshproof.errors import TargetError
from meshproof.mutant import edit
from meshproof.mutation.apply import apply
from meshproof.probes.dns import Answer, resolve
from meshproof.process import scratch
from meshproof.settings import read_settings
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.plan import declaration_of
from meshproof.toolchain import find
from meshproof.waiting import throughout, until
from tests.databases import DECLARED

ROOT = Path(__file__).parents[2]
CHECK = "module.global_failover.aws_route53_health_check.primary"
RECORD = "module.global_failover.aws_route53_record.primary"
SCALE = 0.05
#: A look takes its turn when this busy machine lets it.
LATE_S = 0.5
CLIENTS = 20


@pytest.fixture(scope="module")
def declared() -> Callable[..., Item]:
    """The platform's own things, one value changed."""
    try:
        declaration = declaration_of(read_settings(ROOT, {}), "prod")
    except TargetError as error:
        pytest.skip(str(error))

    def changed(kind: str, address: str, **values: object) -> Item:
        mutant = edit(kind, address, values, says="-") if values else None
        found = Platform(declaration, apply(mutant, declaration) if mutant else None).item(address)
        assert found is not None
        return found

    return changed


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that the programs' own account can enter."""
    try:
        find("postgres")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        yield path


@pytest.mark.parametrize(
    ("changed", "declared_s"),
    [({}, 30.0), ({"failure_threshold": 1}, 10.0), ({"request_interval": 30}, 90.0)],
    ids=["as-declared", "threshold", "interval"],
)
def test_threshold_and_interval_decide_when_an_outage_is_seen(
    declared: Callable[..., Item], changed: dict[str, object], declared_s: float
) -> None:
    """To within one interval of what the numbers foretell."""
    spec = check_of(declared("aws_route53_health_check", CHECK, **changed))
    assert spec.detects_within_s == declared_s
    check = Check(spec, lambda: False, scale=SCALE)

    with check.checking():
        began_ns = time.monotonic_ns()
        until(lambda: check.changes, bool, within_s=declared_s * SCALE + 10.0)

    seen_s = (check.changes[0][0] - began_ns) / 1e9
    assert abs(seen_s - declared_s * SCALE) <= spec.interval_s * SCALE + LATE_S


@pytest.mark.parametrize("ttl_s", [60, 3600])
def test_the_ttl_is_what_the_server_gives_out(declared: Callable[..., Item], ttl_s: int) -> None:
    """A client that honours it keeps the answer for as long."""
    item = declared("aws_route53_record", RECORD, ttl=ttl_s, alias=None)
    (port,) = free_ports(1)

    with serving(
        {"shop.test": lambda: Answer(address="127.0.0.1", ttl_s=ttl_of(item))}, address="127.0.0.3", port=port
    ):
        assert resolve("shop.test", "127.0.0.3", port=port).ttl_s == ttl_s


@pytest.mark.parametrize("size", [2, 6])
def test_the_pool_size_is_reported_and_bounds_what_the_database_sees(directory: Path, size: int) -> None:
    """Twenty clients at once, each statement long enough that all would be seen."""
    try:
        find("pgbouncer")
    except TargetError as error:
        pytest.skip(str(error))
    options = "\n".join(f"{name} = 30" for name in REQUIRED if name != "pool_mode")
    text = f"[databases]\npostgres = pool_size={size}\n[pgbouncer]\npool_mode = transaction\n{options}\n"
    spec, (port,) = _spec(directory), free_ports(1)
    with (
        running(spec, initialize(spec)) as server,
        pooling(
            pool_of(text, "data/pgbouncer"), {"postgres": server}, directory / "pool", address="127.0.0.1", port=port
        ) as pool,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        reported = [one["pool_size"] for one in pool.show("DATABASES") if one["name"] == "postgres"]
        work = [clients.submit(_slow, pool.conninfo("postgres")) for _ in range(CLIENTS)]
        seen = [0]
        throughout(lambda: seen.append(_busy(server)), lambda _: not all(one.done() for one in work), for_s=30.0)

    assert reported == [size]
    assert max(seen) == size


@pytest.mark.parametrize(("commit", "loses"), [("on", False), ("off", True)])
def test_synchronous_commit_is_reported_and_decides_what_a_promotion_loses(
    directory: Path, *, commit: str, loses: bool
) -> None:
    """The writer dies under load and its reader is promoted."""
    parameters = {"primary": translated({**DECLARED, "synchronous_commit": commit}, "group")}
    stores = Stores(environment="test", instances=("a", "b"), peer_instances=(), parameters=parameters, kept={})
    drill = lose_writer(stores, directory)

    assert drill.reader is not None
    assert drill.setting == commit
    assert (drill.reader.loss.count > 0) is loses


def _spec(directory: Path) -> Spec:
    (port,) = free_ports(1)
    parameters = translated(DECLARED, "group")
    return Spec(name="primary", address="127.0.0.1", port=port, directory=directory / "server", parameters=parameters)


def _slow(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SELECT pg_sleep(0.4)")


def _busy(server: Server) -> int:
    statement = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    return int(server.execute(statement)[0][0])
