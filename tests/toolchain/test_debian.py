"""Programs out of Debian's packages, with the libraries that they bring."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.process import run
from meshproof.toolchain import find
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.platform import this_platform
from tests.toolchain.locked import VERSION, entry, executable, lock_file

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not on PATH")
NAME = f"tool={VERSION}-1"


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The SHA-256 of a package, which an apt of the test's own gives."""
    tree = tmp_path / "tree"
    executable(tree / "usr/bin/tool", f'#!/bin/sh\necho "v{VERSION} $LD_LIBRARY_PATH"\n'.encode())
    executable(tree / "usr/lib/some/libtool.so.1", b"library")
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        f"Package: tool\nVersion: {VERSION}-1\nArchitecture: all\nMaintainer: nobody\nDescription: a tool\n",
        encoding="utf-8",
    )
    package = tmp_path / "tool.deb"
    assert run(["dpkg-deb", "--build", "--root-owner-group", tree, package], within_s=30).returncode == 0
    executable(tmp_path / "bin/apt-get", f'#!/bin/sh\ncp "{package}" .\n'.encode())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin")
    return hashlib.sha256(package.read_bytes()).hexdigest()


def _found(tmp_path: Path, digest: str, platform: str = "") -> str:
    source = {
        "kind": "debian",
        "packages": {platform or this_platform(): {NAME: digest}},
        "member": "usr/bin/tool",
    }
    file = lock_file(tmp_path, tool=entry(source))
    program = find("tool", fetch=True, lock_file=file, cache=Cache(root=tmp_path / "cache"))
    return run([program.path], within_s=10).stdout


def test_a_package_is_unpacked_and_started_with_its_libraries(tmp_path: Path, digest: str) -> None:
    """The directory of its libraries is where the loader looks first."""
    said = _found(tmp_path, digest)

    assert said.startswith(f"v{VERSION} ")
    assert "usr/lib/some" in said


def test_another_digest_is_refused(tmp_path: Path, digest: str) -> None:
    """Both digests are named, and nothing is unpacked."""
    with pytest.raises(TargetError, match=f"debian {NAME}: has SHA-256 {digest}, not 0000"):
        _found(tmp_path, "0" * 64)


def test_a_digest_that_nobody_computed_is_refused(tmp_path: Path, digest: str) -> None:
    """The command that computes it is named."""
    assert digest
    with pytest.raises(TargetError, match="meshproof lock tool"):
        _found(tmp_path, "")


def test_another_platform_is_told(tmp_path: Path, digest: str) -> None:
    """With those that there are."""
    other = "linux_arm64" if this_platform() != "linux_arm64" else "linux_amd64"
    with pytest.raises(TargetError, match=f"no package for {this_platform()}"):
        _found(tmp_path, digest, other)
