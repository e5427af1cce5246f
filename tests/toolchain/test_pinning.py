"""Locking: what pins a program is computed, and written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import find, lock_program
from meshproof.toolchain.cache import Cache
from tests.toolchain.locked import entry, executable, lock_file, script
from tests.toolchain.release_server import ReleaseServer

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")


def unpinned(url: str) -> dict[str, object]:
    """A release for every platform, without digests."""
    return {"kind": "release", "url": f"{url}/{{version}}/tool-{{os}}-{{arch}}", "sha256": dict.fromkeys(PLATFORMS, "")}


def digests(lock: Path) -> dict[str, str]:
    """What the lock file says of the first source."""
    read: dict[str, str] = json.loads(lock.read_text("utf-8"))["programs"]["tool"]["sources"][0]["sha256"]
    return read


def test_every_platform_is_pinned(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """By what the network gives, and the program can then be fetched."""
    for platform in PLATFORMS:
        server.gives(f"/1.2.3/tool-{platform.replace('_', '-')}", script() + platform.encode())
    lock = lock_file(tmp_path, tool=entry(unpinned(server.url)))

    lines = lock_program("tool", lock_file=lock, cache=cache)

    assert lines == ("tool 1.2.3: release for linux_amd64, linux_arm64, darwin_amd64, darwin_arm64",)
    assert digests(lock) == {name: hashlib.sha256(script() + name.encode()).hexdigest() for name in PLATFORMS}
    assert find("tool", fetch=True, lock_file=lock, cache=cache).version == "1.2.3"


def test_a_platform_that_cannot_be_had_leaves_the_file_as_it_was(
    tmp_path: Path, cache: Cache, server: ReleaseServer
) -> None:
    """All or nothing."""
    server.gives("/1.2.3/tool-linux-amd64", script())
    lock = lock_file(tmp_path, tool=entry(unpinned(server.url)))
    before = lock.read_bytes()

    with pytest.raises(TargetError, match="tool-linux-arm64: the server answered 404"):
        lock_program("tool", lock_file=lock, cache=cache)

    assert lock.read_bytes() == before


def test_a_lock_file_that_cannot_be_written_is_told(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package's file may be read-only."""
    lock = lock_file(tmp_path, tool=entry())

    def fails(**_: object) -> NoReturn:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", fails)
        with pytest.raises(TargetError, match=r"lock\.json: cannot be written: Read-only file system"):
            lock_program("tool", lock_file=lock, cache=cache)


def test_requirements_are_resolved_by_uv(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """For every platform, with hashes, naming no index; the result lies beside the lock file."""
    executable(tmp_path / "bin" / "uv", b'#!/bin/sh\nread wanted; echo "$wanted # $*"\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    lock = lock_file(tmp_path, tool=entry({"kind": "package", "requirements": "tool.txt", "module": "tool"}))

    lock_program("tool", lock_file=lock, cache=cache)

    written = (tmp_path / "tool.txt").read_text(encoding="utf-8")
    assert written.startswith("tool==1.2.3 # pip compile --universal")
    assert {"--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"} <= set(written.split())


def test_a_missing_uv_is_told(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the way to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    lock = lock_file(tmp_path, tool=entry({"kind": "package", "requirements": "tool.txt", "module": "tool"}))

    with pytest.raises(TargetError, match=r"uv is not on PATH.*pip install uv"):
        lock_program("tool", lock_file=lock, cache=cache)
