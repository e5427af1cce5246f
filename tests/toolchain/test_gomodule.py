"""Programs built from a Go module that a directory serves as a proxy: no network."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.process import run
from meshproof.toolchain import find, lock_program
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.lock import read_lock
from tests.toolchain.locked import entry, lock_file

MODULE = "example.org/tool"
MAIN = """package main

import "example.org/words"

var version = "unset"

func main() { println("tool v" + version + words.Extra) }
"""
#: Only the replacement of example.org/words compiles.
GO_MOD = (
    "module example.org/tool\n\ngo 1.21\n\nrequire example.org/words v1.0.0\n\nreplace example.org/words => {words}\n"
)

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="go is not on PATH")


class Proxy:
    """A directory that Go takes for a module proxy."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def publish(self, module: str, version: str, files: dict[str, str]) -> None:
        """One version of a module."""
        versions = self.root / module / "@v"
        versions.mkdir(parents=True, exist_ok=True)
        (versions / f"{version}.info").write_text(json.dumps({"Version": version}), encoding="utf-8")
        (versions / f"{version}.mod").write_text(files["go.mod"], encoding="utf-8")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in files.items():
                archive.writestr(f"{module}@{version}/{name}", text)
        (versions / f"{version}.zip").write_bytes(packed.getvalue())


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    """A proxy with the tool, and a module cache of the test's own."""
    served = Proxy(tmp_path / "proxy")
    served.publish(
        "example.org/words",
        "v1.0.1",
        {"go.mod": "module example.org/words\n", "w.go": 'package words\n\nconst Extra = ""\n'},
    )
    publish_tool(served, "example.org/words v1.0.1")
    monkeypatch.setenv("GOPROXY", f"file://{served.root}")
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOTOOLCHAIN", "local")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    return served


def publish_tool(proxy: Proxy, words: str, *, go: str = "1.21", sums: str = "") -> None:
    """The tool, whose words are replaced."""
    go_mod = GO_MOD.format(words=words).replace("go 1.21", f"go {go}")
    proxy.publish(MODULE, "v1.2.3", {"go.mod": go_mod, "main.go": MAIN, "go.sum": sums})


def source(sum_: str = "", *, replace: dict[str, str] | None = None) -> dict[str, object]:
    """The tool's source in a lock file."""
    return {
        "kind": "go",
        "module": MODULE,
        "version": "v1.2.3",
        "sum": sum_,
        "package": MODULE,
        "stamps": {"main.version": "{version}"},
        "replace": replace or {},
    }


def locked(directory: Path, cache: Cache, *, replace: dict[str, str] | None = None) -> Path:
    """A lock file whose sum `lock_program` has written."""
    lock = lock_file(directory, tool=entry(source(replace=replace)))
    lock_program("tool", lock_file=lock, cache=cache)
    return lock


@needs_go
@pytest.mark.usefixtures("proxy")
def test_a_module_is_built_as_it_would_build_itself(tmp_path: Path, cache: Cache) -> None:
    """With its own replacements, its stamps, and none of the user's GOFLAGS."""
    lock = locked(tmp_path, cache)

    program = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert program.source == "go example.org/tool@v1.2.3"
    assert run([program.path], within_s=10).stderr == "tool v1.2.3\n"
    assert find("tool", lock_file=lock, cache=cache) == program


@needs_go
def test_a_local_replacement_is_given_by_the_lock_file(tmp_path: Path, cache: Cache, proxy: Proxy) -> None:
    """Its directory exists only in the module's repository."""
    publish_tool(proxy, "./words")
    lock = locked(tmp_path, cache, replace={"example.org/words": "example.org/words v1.0.1"})

    assert find("tool", fetch=True, lock_file=lock, cache=cache).version == "1.2.3"


@needs_go
def test_what_it_requires_has_the_sum_that_it_says_itself(tmp_path: Path, cache: Cache, proxy: Proxy) -> None:
    """Its own sums are pinned with it; a checksum database may not know what it requires."""
    publish_tool(proxy, "example.org/words v1.0.1", sums=f"example.org/words v1.0.1 h1:{'A' * 43}=\n")
    lock = locked(tmp_path, cache)

    with pytest.raises(TargetError, match="does NOT match an earlier download"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@needs_go
@pytest.mark.usefixtures("proxy")
def test_another_sum_is_refused(tmp_path: Path, cache: Cache) -> None:
    """The module is not what was locked."""
    lock = lock_file(tmp_path, tool=entry(source("h1:" + "A" * 43 + "=")))

    with pytest.raises(TargetError, match=r"has the sum h1:\S+, not h1:A+= as locked"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


def test_a_sum_that_nobody_recorded_is_refused(tmp_path: Path, cache: Cache) -> None:
    """With the command that records it."""
    with pytest.raises(TargetError, match=r"tool@v1\.2\.3: refused.*run `meshproof lock tool`"):
        find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(source())), cache=cache)


def test_a_missing_go_is_told(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the place to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    lock = lock_file(tmp_path, tool=entry(source("h1:" + "A" * 43 + "=")))

    with pytest.raises(TargetError, match=r"go is not on PATH.*https://go\.dev/dl/"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@needs_go
def test_a_go_that_is_too_old_is_told(tmp_path: Path, cache: Cache, proxy: Proxy) -> None:
    """With the version that is needed."""
    publish_tool(proxy, "example.org/words v1.0.1", go="1.99.0")
    lock = lock_file(tmp_path, tool=entry(source("h1:" + "A" * 43 + "=")))

    with pytest.raises(TargetError, match=r"tool: needs Go 1\.99\.0 or newer.*or set GOTOOLCHAIN=auto"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@needs_go
def test_a_module_that_is_not_there_is_told(tmp_path: Path, cache: Cache, proxy: Proxy) -> None:
    """In one line."""
    shutil.rmtree(proxy.root)
    lock = lock_file(tmp_path, tool=entry(source("h1:" + "A" * 43 + "=")))

    with pytest.raises(TargetError, match=r"tool@v1\.2\.3: cannot be had: .*check the network and GOPROXY"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@needs_go
def test_a_module_that_does_not_build_is_told(tmp_path: Path, cache: Cache, proxy: Proxy) -> None:
    """With the compiler's last words."""
    files = {"go.mod": "module example.org/tool\n\ngo 1.21\n", "main.go": "package main\n\nfunc main() { oops }\n"}
    proxy.publish(MODULE, "v1.2.3", files)
    lock = locked(tmp_path, cache)

    with pytest.raises(TargetError, match=r"tool: building it: go ended with status 1: .*undefined: oops"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@needs_go
@pytest.mark.usefixtures("proxy")
def test_locking_records_the_sum(tmp_path: Path, cache: Cache) -> None:
    """As Go computes it."""
    recorded = read_lock(locked(tmp_path, cache)).program("tool").sources[0]

    assert recorded.kind == "go"
    assert recorded.sum.startswith("h1:")
