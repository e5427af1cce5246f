"""A real follower: copied, streaming, promoted; and what a server that takes none says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.components.postgres import Server, Spec, initialize, running
from meshproof.components.postgres_archive import archiving, await_archived, back_up, committed_at, unreadable
from meshproof.components.postgres_parameters import translated
from meshproof.components.postgres_replica import CannotFollow, Upstream, copy, followers, promote
from meshproof.errors import TargetError
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from meshproof.waiting import until
from tests.databases import DECLARED


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own account can enter."""
    try:
        find("postgres")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        path.chmod(0o711)
        yield path


def _spec(directory: Path, name: str, service: dict[str, str] | None = None, **changed: str) -> Spec:
    (port,) = free_ports(1)
    parameters = translated({**DECLARED, **changed}, "group")
    return Spec(
        name=name,
        address="127.0.0.1",
        port=port,
        directory=directory / name,
        parameters=parameters,
        service=service or {},
    )


def _upstream(server: Server, name: str) -> Upstream:
    return Upstream(address=server.address, port=server.port, password=server.password, name=name, slot=f"of_{name}")


def test_a_follower_streams_and_becomes_a_writer(directory: Path) -> None:
    """It is known by its name, has what was written, and takes writes once it is promoted."""
    one, two = _spec(directory, "one"), _spec(directory, "two")
    with running(one, initialize(one)) as writer:
        copy(two, _upstream(writer, "two"))
        with running(two, writer.password) as follower:
            until(lambda: followers(writer), lambda seen: [x.state for x in seen] == ["streaming"], within_s=20.0)
            writer.execute("CREATE TABLE kept (n int)")
            until(lambda: followers(writer)[0].behind, lambda behind: behind == 0, within_s=20.0)
            assert followers(writer)[0].name == "two"
            assert follower.execute("SELECT pg_is_in_recovery()") == [(True,)]
            assert promote(follower) > 0
            follower.execute("INSERT INTO kept VALUES (1)")
            with pytest.raises(TargetError, match="two: cannot be promoted"):
                promote(follower)


def test_a_server_without_senders_takes_no_follower(directory: Path) -> None:
    """In the program's own words."""
    one, two = _spec(directory, "one", max_wal_senders="0"), _spec(directory, "two")
    with (
        running(one, initialize(one)) as writer,
        pytest.raises(CannotFollow, match=r"two cannot follow: .*max_wal_senders"),
    ):
        copy(two, _upstream(writer, "two"))


def test_a_backup_is_whole_and_the_log_is_kept(directory: Path) -> None:
    """And the server tells when a transaction was committed only where it is declared to keep that."""
    archive = directory / "archive"
    one = _spec(directory, "one", archiving(archive), track_commit_timestamp="off")
    two = _spec(directory, "two")
    with running(one, initialize(one)) as writer:
        back_up(two, _upstream(writer, "two"))
        ((number,),) = writer.execute("SELECT pg_current_xact_id()::text")
        await_archived(writer)
        with pytest.raises(TargetError, match="one: does not say when a transaction was committed"):
            committed_at(writer, int(number))

    assert unreadable(two) == ""
    assert [one for one in archive.iterdir() if len(one.name) == 24]
    (two.data / "PG_VERSION").write_text("14\n", encoding="utf-8")
    assert "PG_VERSION" in unreadable(two)
