"""Sets of files out of a Go module's archive, or from a URL."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meshproof.errors import TargetError, UsageError
from meshproof.toolchain import Bundle, find_bundle, lock_program
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.modulefiles import archive_sum
from tests.toolchain.locked import bundle_file
from tests.toolchain.release_server import ReleaseServer

MODULE = "example.org/Team/tool"
ARCHIVE = "/example.org/!team/tool/@v/v1.2.3.zip"
FILES = {"crds/a.yaml": b"a", "crds/b.yaml": b"b", "crds/note.md": b"-", "main.go": b"package main"}


def archive(files: dict[str, bytes]) -> bytes:
    """A module's archive as a proxy serves it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(f"{MODULE}@v1.2.3/{name}", content)
    return buffer.getvalue()


def source(tmp_path: Path, *, total: str | None = None, files: tuple[str, ...] = ("crds/*.yaml",)) -> dict[str, object]:
    """The source of a lock file; its sum is right unless another is given."""
    packed = tmp_path / "module.zip"
    packed.write_bytes(archive(FILES))
    right = archive_sum(packed)
    return {
        "kind": "files",
        "module": MODULE,
        "version": "v1.2.3",
        "sum": right if total is None else total,
        "files": list(files),
    }


@pytest.fixture(autouse=True)
def proxy(server: ReleaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseServer:
    """A module proxy, behind one that has nothing; Go's own cache is empty."""
    server.gives(ARCHIVE, archive(FILES))
    monkeypatch.setenv("GOPROXY", f"off,{server.url}/nothing,{server.url}|direct")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    return server


def test_a_sum_is_the_one_that_go_computes(tmp_path: Path) -> None:
    """Of a module whose sum stands in the published go.sum files.

    Source: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1, worked by hand for one file.
    """
    packed = tmp_path / "one.zip"
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("m@v1/a", b"x")

    line = f"{hashlib.sha256(b'x').hexdigest()}  m@v1/a\n".encode()
    assert archive_sum(packed) == f"h1:{base64.b64encode(hashlib.sha256(line).digest()).decode()}"


def test_the_files_that_match_are_there(tmp_path: Path, cache: Cache, proxy: ReleaseServer) -> None:
    """Under the paths that they have in the module; a second time nothing is asked."""
    lock = bundle_file(tmp_path, source(tmp_path))

    found = find_bundle("files", fetch=True, lock_file=lock, cache=cache)

    assert {str(file.relative_to(found.root)): file.read_bytes() for file in found.files} == {
        "crds/a.yaml": b"a",
        "crds/b.yaml": b"b",
    }
    asked = len(proxy.asked)
    assert find_bundle("files", lock_file=lock, cache=cache) == found
    assert len(proxy.asked) == asked


def test_what_go_has_already_is_taken(tmp_path: Path, cache: Cache, proxy: ReleaseServer) -> None:
    """The proxy is not asked, and Go's file stays."""
    kept = tmp_path / "modules" / "cache" / "download" / ARCHIVE[1:]
    kept.parent.mkdir(parents=True)
    kept.write_bytes(archive(FILES))

    find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, source(tmp_path)), cache=cache)

    assert (proxy.asked, kept.exists()) == ([], True)


def test_a_file_that_was_tampered_with_is_fetched_anew(tmp_path: Path, cache: Cache) -> None:
    """Without the network it is refused, with both digests."""
    lock = bundle_file(tmp_path, source(tmp_path))
    found = find_bundle("files", fetch=True, lock_file=lock, cache=cache)
    found.files[0].write_bytes(b"evil")

    with pytest.raises(TargetError, match=r"is not what was stored there: .*; run `meshproof fetch files`"):
        find_bundle("files", lock_file=lock, cache=cache)

    again = find_bundle("files", fetch=True, lock_file=lock, cache=cache)
    assert again.files[0].read_bytes() == b"a"


def test_other_files_are_not_served_from_the_cache(tmp_path: Path, cache: Cache) -> None:
    """The patterns are part of what pins a bundle."""
    find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, source(tmp_path)), cache=cache)
    wider = bundle_file(tmp_path, source(tmp_path, files=("crds/*",)))

    with pytest.raises(TargetError, match=r"files 1\.2\.3 is not in the cache"):
        find_bundle("files", lock_file=wider, cache=cache)
    assert len(find_bundle("files", fetch=True, lock_file=wider, cache=cache).files) == 3


def test_two_bundles_of_one_module_can_be_fetched_at_once(tmp_path: Path, cache: Cache, proxy: ReleaseServer) -> None:
    """Each downloads into a file of its own: both are under way before either ends."""
    noisy = {**FILES, "noise": random.Random(4).randbytes(500_000)}  # noqa: S311  no secret
    (tmp_path / "noisy.zip").write_bytes(archive(noisy))
    both = threading.Barrier(2)
    proxy.gives(ARCHIVE, archive(noisy))
    wanted = source(tmp_path, total=archive_sum(tmp_path / "noisy.zip"))
    lock = bundle_file(tmp_path, wanted, names=("files", "twin"))

    def fetch(name: str) -> Bundle:
        both.wait(timeout=20)
        return find_bundle(name, fetch=True, lock_file=lock, cache=cache)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(fetch, ("files", "twin"))

    assert [file.name for file in first.files] == [file.name for file in second.files] == ["a.yaml", "b.yaml"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"total": ""}, r"refused, because nobody has recorded its sum yet", id="no-sum"),
        pytest.param({"total": f"h1:{'A' * 43}="}, r"has the sum h1:.*, not h1:A+= as locked; do not use it", id="sum"),
        pytest.param({"files": ("no/*.yaml",)}, r"holds no no/\*\.yaml; correct `files`", id="pattern"),
    ],
)
def test_a_wrong_source_is_refused(tmp_path: Path, cache: Cache, change: dict[str, object], says: str) -> None:
    """In one sentence."""
    lock = bundle_file(tmp_path, source(tmp_path, **change))  # type: ignore[arg-type]

    with pytest.raises(TargetError, match=says):
        find_bundle("files", fetch=True, lock_file=lock, cache=cache)


def test_no_archive_is_said(tmp_path: Path, cache: Cache, proxy: ReleaseServer) -> None:
    """Some networks answer every address with a page of their own."""
    proxy.gives(ARCHIVE, b"<html>please log in</html>")

    with pytest.raises(TargetError, match=r"what the proxy gave is no archive .*; check GOPROXY"):
        find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, source(tmp_path)), cache=cache)


def test_no_proxy_is_said(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are not had from git."""
    monkeypatch.setenv("GOPROXY", "direct")

    with pytest.raises(TargetError, match=r"GOPROXY names no proxy that answers over HTTP"):
        find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, source(tmp_path)), cache=cache)


def test_lock_records_the_sum(tmp_path: Path, cache: Cache) -> None:
    """Of what the proxy gives now."""
    lock = bundle_file(tmp_path, source(tmp_path, total=""))

    lock_program("files", lock_file=lock, cache=cache)

    (written,) = json.loads(lock.read_text())["bundles"]["files"]["sources"]
    assert written["sum"] == source(tmp_path)["sum"]


def test_a_document_is_locked_and_fetched(tmp_path: Path, cache: Cache, server: ReleaseServer) -> None:
    """Refused until its digest stands in the lock file, and when it changed since."""
    url = server.gives("/1.2.3/crds.yaml", b"kind: CustomResourceDefinition")
    lock = bundle_file(tmp_path, {"kind": "document", "url": url.replace("1.2.3", "{version}"), "sha256": ""})
    with pytest.raises(TargetError, match=r"nobody has computed its SHA-256 yet; run `meshproof lock files`"):
        find_bundle("files", fetch=True, lock_file=lock, cache=cache)

    lock_program("files", lock_file=lock, cache=cache)
    found = find_bundle("files", fetch=True, lock_file=lock, cache=cache)

    assert [file.name for file in found.files] == ["crds.yaml"]
    server.gives("/1.2.3/crds.yaml", b"evil")
    with pytest.raises(TargetError, match=r"has SHA-256 .*, not .* as locked"):
        find_bundle("files", fetch=True, lock_file=lock, cache=Cache(root=tmp_path / "other"))


def test_an_unknown_bundle_is_named(tmp_path: Path, cache: Cache) -> None:
    """With those that there are."""
    with pytest.raises(UsageError, match=r"there is no bundle 'other' in the lock file; it knows files"):
        find_bundle("other", lock_file=bundle_file(tmp_path, source(tmp_path)), cache=cache)
