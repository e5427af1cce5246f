"""Official releases: downloaded, checked, unpacked, or refused in one line."""

from __future__ import annotations

import errno
import shutil
import sys
import threading
from pathlib import Path
from typing import NoReturn

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import Step, find
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.download import download
from meshproof.toolchain.release import part_of
from tests.toolchain.locked import archive, entry, lock_file, release, script
from tests.toolchain.release_server import ReleaseServer

#: More than one chunk, so that a break in the middle leaves something to go on from.
PADDED = script() + b"#" * 1_000_000


def left_in(cache: Cache) -> list[str]:
    """The files in the cache that are not locks."""
    return [
        str(file.relative_to(cache.root)) for file in cache.root.rglob("*") if file.is_file() and file.suffix != ".lock"
    ]


def test_a_release_is_fetched_once(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """With its version, source and digest; the second time it comes from the cache."""
    packed = archive("tool-dir/tool", script())
    url = server.gives("/tool.tar.gz", packed)
    lock = lock_file(tmp_path, tool=entry(release(url, packed, "tool-dir/tool")))

    first = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert (first.version, first.source, first.path.read_bytes()) == ("1.2.3", url, script())
    assert find("tool", lock_file=lock, cache=cache) == first
    assert [path for path, _ in server.asked] == ["/tool.tar.gz"]


def test_progress_is_told_in_bytes(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """Up to the whole."""
    steps: list[Step] = []
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", PADDED), PADDED)))

    find("tool", fetch=True, lock_file=lock, cache=cache, progress=steps.append)

    assert (steps[-1].done_bytes, steps[-1].total_bytes, steps[-1].doing) == (
        len(PADDED),
        len(PADDED),
        "downloading tool",
    )


def test_a_broken_off_download_goes_on(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """From where it stopped, and the whole is what was promised."""
    url = server.gives("/tool", PADDED, breaks_off_after=300_000, times=1)
    lock = lock_file(tmp_path, tool=entry(release(url, PADDED)))

    program = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert program.path.read_bytes() == PADDED
    assert server.asked[1][1].startswith("bytes=")


def test_a_server_without_ranges_is_read_from_the_beginning(
    tmp_path: Path, cache: Cache, server: ReleaseServer
) -> None:
    """The part that was there is not put in front."""
    url = server.gives("/tool", PADDED, breaks_off_after=300_000, times=1, ranges=False)
    lock = lock_file(tmp_path, tool=entry(release(url, PADDED)))

    assert find("tool", fetch=True, lock_file=lock, cache=cache).path.read_bytes() == PADDED


def test_a_kept_part_that_is_too_long_is_thrown_away(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """It cannot be the beginning of this file."""
    url = server.gives("/tool", script())
    part_of(url, "tool", cache.downloads).write_bytes(PADDED)
    lock = lock_file(tmp_path, tool=entry(release(url, script())))

    assert find("tool", fetch=True, lock_file=lock, cache=cache).path.read_bytes() == script()


def test_a_truncated_file_is_refused(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """After three attempts; nothing is installed, and what came is kept to go on from."""
    url = server.gives("/tool", PADDED, breaks_off_after=1_000)
    lock = lock_file(tmp_path, tool=entry(release(url, PADDED)))

    with pytest.raises(TargetError, match="broken off 3 times"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert [Path(name).suffix for name in left_in(cache)] == [".part"]


def test_another_digest_is_refused(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """The file is thrown away, and both digests are told."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", b"other"), script())))

    with pytest.raises(TargetError, match=r"has SHA-256 d9298a10\w+, not \w+ as locked"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert left_in(cache) == []


def test_a_digest_that_nobody_computed_is_refused(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """With the command that computes it; nothing is asked of the server."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), None)))

    with pytest.raises(TargetError, match="run `meshproof lock tool`"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert server.asked == []


def test_a_missing_file_is_told_with_its_status(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """The page that says so is not kept."""
    lock = lock_file(tmp_path, tool=entry(release(f"{server.url}/gone", script())))

    with pytest.raises(TargetError, match="/gone: the server answered 404"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert left_in(cache) == []


def test_a_silent_server_is_given_up(tmp_path: Path, server: ReleaseServer) -> None:
    """After the stated silence, not after hours."""
    url = server.gives("/tool", PADDED, breaks_off_after=0, waits_for=threading.Event())

    with pytest.raises(TargetError, match=r"silent for 0.05 s"):
        download(url, tmp_path / "part", seen=lambda done, total: None, silence_s=0.05)  # noqa: ARG005


def test_an_unreachable_server_is_told(tmp_path: Path) -> None:
    """Port 1 of the loopback refuses."""
    with pytest.raises(TargetError, match=r"broken off 3 times.*refused"):
        download("http://127.0.0.1:1/tool", tmp_path / "part", seen=lambda done, total: None)  # noqa: ARG005


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_told(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """The space taken so far is given back."""
    url = server.gives("/tool", PADDED)
    part_of(url, "tool", cache.downloads).symlink_to("/dev/full")
    lock = lock_file(tmp_path, tool=entry(release(url, PADDED)))

    with pytest.raises(TargetError, match="the disk is full; free some space"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert left_in(cache) == []


def test_a_disk_that_fills_up_while_unpacking_is_told(
    tmp_path: Path, cache: Cache, server: ReleaseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing half-unpacked stays."""

    def fails(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fails)
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", script()), script())))

    with pytest.raises(TargetError, match="No space left on device"):
        find("tool", fetch=True, lock_file=lock, cache=cache)

    assert not any(name.startswith(("programs", "staging")) for name in left_in(cache))


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(archive("other", script()), id="another-member"),
        pytest.param(b"<html>", id="no-archive"),
        pytest.param(archive("tool", PADDED)[:-20], id="cut-off"),
    ],
)
def test_an_archive_without_the_program_is_refused(
    tmp_path: Path, cache: Cache, server: ReleaseServer, packed: bytes
) -> None:
    """With the member that was looked for."""
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool.tgz", packed), packed, "tool")))

    with pytest.raises(TargetError, match="tool cannot be read from it"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


def test_a_release_of_another_version_is_refused(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """What the program says of itself decides."""
    content = script("9.9.9")
    lock = lock_file(tmp_path, tool=entry(release(server.gives("/tool", content), content)))

    with pytest.raises(TargetError, match=r"says that it is 9\.9\.9, not 1\.2\.3"):
        find("tool", fetch=True, lock_file=lock, cache=cache)
