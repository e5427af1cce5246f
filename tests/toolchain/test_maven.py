"""Jars come from the user's mirror of the Maven repository, each by its digest, and go on where they broke off."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import find_bundle, lock_program
from meshproof.toolchain.cache import Cache
from tests.toolchain.locked import bundle_file
from tests.toolchain.release_server import ReleaseServer

SETTINGS = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors>
<mirror><id>a</id><mirrorOf>other</mirrorOf><url>http://127.0.0.1:1/wrong</url></mirror>
<mirror><id>b</id><mirrorOf>central</mirrorOf><url>{url}/</url></mirror></mirrors></settings>"""
JARS = {"org.a.b:tool_2.13:1.2.3": b"the tool", "c:dep:4.0.Final": b"what it needs" * 1000}
PATHS = ("/org/a/b/tool_2.13/1.2.3/tool_2.13-1.2.3.jar", "/c/dep/4.0.Final/dep-4.0.Final.jar")


@pytest.fixture
def repository(server: ReleaseServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseServer:
    """A repository that the user's settings name as a mirror."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2" / "settings.xml").write_text(SETTINGS.format(url=server.url), encoding="utf-8")
    for path, content in zip(PATHS, JARS.values(), strict=True):
        server.gives(path, content)
    return server


def _source(**digests: str) -> dict[str, object]:
    """The jars with their own digests, or with others by artifact."""
    found = {name: hashlib.sha256(content).hexdigest() for name, content in JARS.items()}
    return {"kind": "maven", "jars": {name: digests.get(name.split(":")[1], one) for name, one in found.items()}}


def test_all_jars_lie_in_one_directory(tmp_path: Path, cache: Cache, repository: ReleaseServer) -> None:
    """Nothing else is asked for, and nothing stays among the downloads."""
    found = find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, _source()), cache=cache)

    assert {file.name: file.read_bytes() for file in found.files} == {
        "tool_2.13-1.2.3.jar": b"the tool",
        "dep-4.0.Final.jar": JARS["c:dep:4.0.Final"],
    }
    assert [path for path, _ in repository.asked] == list(PATHS)
    assert found.source == "maven org.a.b:tool_2.13:1.2.3"
    assert not list(cache.downloads.iterdir())


def test_an_interrupted_fetch_goes_on_where_it_stopped(tmp_path: Path, cache: Cache, repository: ReleaseServer) -> None:
    """What is there is not asked for again, and of what broke off only the rest is."""
    lock = bundle_file(tmp_path, _source())
    repository.gives(PATHS[1], JARS["c:dep:4.0.Final"], breaks_off_after=5000, ranges=False)
    with pytest.raises(TargetError, match="broken off"):
        find_bundle("files", fetch=True, lock_file=lock, cache=cache)
    repository.asked.clear()
    repository.gives(PATHS[1], JARS["c:dep:4.0.Final"])

    find_bundle("files", fetch=True, lock_file=lock, cache=cache)

    assert repository.asked == [(PATHS[1], "bytes=5000-")]


def test_a_jar_with_another_digest_is_refused(tmp_path: Path, cache: Cache, repository: ReleaseServer) -> None:
    """One is enough, and it is named."""
    repository.gives(PATHS[1], b"evil")

    with pytest.raises(TargetError, match=r"maven c:dep:4\.0\.Final: has SHA-256 .*, not .* as locked; do not use it"):
        find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, _source()), cache=cache)


def test_a_jar_without_a_digest_is_refused_until_it_is_locked(
    tmp_path: Path, cache: Cache, repository: ReleaseServer
) -> None:
    """`meshproof lock` computes what is missing."""
    lock = bundle_file(tmp_path, _source(dep=""))
    with pytest.raises(TargetError, match=r"c:dep:4\.0\.Final: refused, .*run `meshproof lock files`"):
        find_bundle("files", fetch=True, lock_file=lock, cache=cache)

    (said,) = lock_program("files", lock_file=lock, cache=cache)

    assert said == "files 1.2.3: maven org.a.b:tool_2.13:1.2.3 and 1 more"
    (written,) = json.loads(lock.read_text())["bundles"]["files"]["sources"]
    assert written == _source()
    assert len(find_bundle("files", fetch=True, lock_file=lock, cache=cache).files) == len(JARS)
    assert repository.asked


def test_settings_that_are_no_xml_are_told(tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2" / "settings.xml").write_text("no", encoding="utf-8")

    with pytest.raises(TargetError, match=r"settings\.xml: not XML: .*; correct it"):
        find_bundle("files", fetch=True, lock_file=bundle_file(tmp_path, _source()), cache=cache)
