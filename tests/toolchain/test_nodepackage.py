"""Trees inside a package of the Node registry."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.process import run
from meshproof.toolchain import find, lock_program
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.platform import this_platform
from tests.toolchain.locked import entry, lock_file, script

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on PATH")
NAME, VERSION = "@tools/tool-x64", "1.2.3-beta.1"
LINKS = [{"source": "native/lib/libtool.so.1.0", "target": "native/lib/libtool.so"}]


def packed(links: list[dict[str, str]]) -> bytes:
    """The archive of the package."""
    files = {
        "package/package.json": json.dumps({"name": NAME, "version": VERSION}).encode(),
        "package/native/bin/tool": script(),
        "package/native/bin/helper": b"#!/bin/sh\necho helped\n",
        "package/native/lib/libtool.so.1.0": b"library",
        "package/native/links.json": json.dumps(links).encode(),
        "package/scripts/install.js": b"process.exit(1)",
    }
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


@pytest.fixture(params=[LINKS])
def registry(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """The archive, in a registry that npm is told to use."""
    archive = packed(request.param)

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = archive if self.path.endswith(".tgz") else self._about()
            self.send_response(200 if "tool-x64" in self.path else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _about(self) -> bytes:
            host, port = self.server.server_address[:2]
            integrity = f"sha512-{base64.b64encode(hashlib.sha512(archive).digest()).decode()}"
            dist = {"tarball": f"http://{host}:{port}/tool-x64.tgz", "integrity": integrity}
            version = {"name": NAME, "version": VERSION, "dist": dist}
            return json.dumps({"name": NAME, "dist-tags": {"latest": VERSION}, "versions": {VERSION: version}}).encode()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_address[1]}/")
        monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
        monkeypatch.setenv("npm_config_fetch_retries", "0")
        yield archive
        server.shutdown()
        thread.join()


def source(archive: bytes, **changes: object) -> dict[str, object]:
    """The source of a lock file."""
    return {
        "kind": "npm",
        "names": {this_platform(): NAME},
        "version": VERSION,
        "member": "native/bin/tool",
        "links": "native/links.json",
        "sha256": {this_platform(): hashlib.sha256(archive).hexdigest()},
        **changes,
    }


def test_the_tree_is_laid_beside_the_program(tmp_path: Path, cache: Cache, registry: bytes) -> None:
    """With its links and its other programs, without running what the package would run when installed."""
    lock = lock_file(tmp_path, tool=entry(source(registry)))

    found = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert (found.path.read_bytes(), found.source) == (script(), f"npm {NAME}@{VERSION}")
    assert run([found.path.with_name("helper")], within_s=10.0).stdout == "helped\n"
    library = found.path.parent / "native" / "lib" / "libtool.so"
    assert (library.is_symlink(), library.read_bytes()) == (True, b"library")
    assert find("tool", lock_file=lock, cache=cache).sha256 == found.sha256


def test_a_file_of_the_tree_that_was_changed_is_noticed(tmp_path: Path, cache: Cache, registry: bytes) -> None:
    """The digest is that of everything beside the program."""
    lock = lock_file(tmp_path, tool=entry(source(registry)))
    found = find("tool", fetch=True, lock_file=lock, cache=cache)

    (found.path.parent / "native" / "lib" / "libtool.so.1.0").write_bytes(b"another")

    with pytest.raises(TargetError, match="is not what was stored there"):
        find("tool", lock_file=lock, cache=cache)


def test_lock_computes_the_digest(tmp_path: Path, cache: Cache, registry: bytes) -> None:
    """Of the package for each platform."""
    lock = lock_file(tmp_path, tool=entry(source(registry, sha256={this_platform(): ""})))

    lock_program("tool", lock_file=lock, cache=cache)

    (written,) = json.loads(lock.read_text())["programs"]["tool"]["sources"]
    assert written["sha256"] == source(registry)["sha256"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"sha256": {this_platform(): ""}}, r"run `meshproof lock tool`", id="no-digest"),
        pytest.param({"sha256": {this_platform(): "0" * 64}}, r"has SHA-256 \w+, not 0+ as locked", id="digest"),
        pytest.param({"member": "native/bin/other"}, r"native/bin/other is not in it", id="member"),
        pytest.param(
            {"links": "native/nothing.json"}, r"cannot be unpacked: .*correct `member` and `links`", id="links"
        ),
        pytest.param({"names": {}}, r"there is no package for \w+", id="platform"),
        pytest.param({"names": {this_platform(): "absent"}}, r"downloading absent@.*check the network", id="absent"),
    ],
)
def test_a_wrong_package_is_refused(
    tmp_path: Path, cache: Cache, registry: bytes, change: dict[str, object], says: str
) -> None:
    """In one sentence."""
    lock = lock_file(tmp_path, tool=entry(source(registry, **change)))

    with pytest.raises(TargetError, match=says):
        find("tool", fetch=True, lock_file=lock, cache=cache)


@pytest.mark.parametrize(
    "registry", [[{"source": "native/lib/libtool.so.1.0", "target": "../../outside"}]], indirect=True
)
def test_a_link_that_leads_out_is_refused(tmp_path: Path, cache: Cache, registry: bytes) -> None:
    """Nothing is written beside the tree."""
    lock = lock_file(tmp_path, tool=entry(source(registry)))

    with pytest.raises(TargetError, match="a link leads out of the package"):
        find("tool", fetch=True, lock_file=lock, cache=cache)
