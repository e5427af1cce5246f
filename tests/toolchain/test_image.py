"""Programs out of an image, without Docker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import find, lock_program
from meshproof.toolchain.cache import Cache
from tests.toolchain.locked import entry, lock_file, script
from tests.toolchain.registry_server import MEMBER, REPOSITORY, Registry, layer, sha256
from tests.toolchain.release_server import ReleaseServer


@pytest.fixture
def registry(server: ReleaseServer) -> Registry:
    """A registry with one image: the tool in the lower layer, something else above it."""
    made = Registry(server=server)
    made.push(layer({f"./{MEMBER}": script()}), layer({"etc/motd": b"hello"}))
    return made


def test_a_program_is_taken_out_of_a_layer(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """With an anonymous token; its source is the image by digest."""
    lock = lock_file(tmp_path, tool=entry(registry.source()))

    found = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert found.path.read_bytes() == script()
    assert found.source == f"image {registry.server.url[7:]}/{REPOSITORY}@{registry.digest}"


def test_the_uppermost_layer_counts(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """And those below it are not downloaded."""
    registry.push(layer({MEMBER: script("0.0.1")}), layer({MEMBER: script()}))
    lock = lock_file(tmp_path, tool=entry(registry.source()))

    found = find("tool", fetch=True, lock_file=lock, cache=cache)

    assert found.version == "1.2.3"
    assert f"/v2/{REPOSITORY}/blobs/{registry.layers[0]}" not in [path for path, _ in registry.server.asked]


def test_a_layer_may_replace_a_directory(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """The mark that hides what lies below does not hide what stands beside it."""
    registry.push(layer({MEMBER: script("0.0.1")}), layer({"usr/local/bin/.wh..wh..opq": b"", MEMBER: script()}))

    found = find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(registry.source())), cache=cache)

    assert found.path.read_bytes() == script()


def test_an_interrupted_layer_is_gone_on_with(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """From where it broke off."""
    content = layer({MEMBER: script(), "noise": bytes(range(256)) * 64})
    registry.push(content)
    registry.serve(f"blobs/{registry.layers[0]}", content, breaks_off_after=100, times=1)

    find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(registry.source())), cache=cache)

    assert (f"/v2/{REPOSITORY}/blobs/{registry.layers[0]}", "bytes=100-") in registry.server.asked


def test_an_image_without_digest_is_refused(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """With the command that reads it."""
    lock = lock_file(tmp_path, tool=entry(registry.source(digest="")))

    with pytest.raises(TargetError, match=r"refused, because nobody has read its digest for .*`meshproof lock tool`"):
        find("tool", fetch=True, lock_file=lock, cache=cache)


def test_lock_reads_the_digest_of_the_platforms_own_manifest(tmp_path: Path, cache: Cache, registry: Registry) -> None:
    """Not the index's, and not another platform's."""
    lock = lock_file(tmp_path, tool=entry(registry.source(digest="")))

    lock_program("tool", lock_file=lock, cache=cache)

    (source,) = json.loads(lock.read_text())["programs"]["tool"]["sources"]
    assert list(source["sha256"].values()) == [registry.digest]


def replace_manifest(registry: Registry) -> None:
    """Another manifest under the same digest."""
    registry.serve(f"manifests/{registry.digest}", b'{"layers": []}')


def replace_layer(registry: Registry) -> None:
    """Other bytes under a layer's digest."""
    registry.serve(f"blobs/{registry.layers[0]}", layer({MEMBER: b"evil"}))


def remove_layer(registry: Registry) -> None:
    """The layer is gone."""
    del registry.server.answers[f"/v2/{REPOSITORY}/blobs/{registry.layers[0]}"]


def remove_image(registry: Registry) -> None:
    """The image is gone."""
    del registry.server.answers[f"/v2/{REPOSITORY}/manifests/{registry.digest}"]


def demand_login(registry: Registry) -> None:
    """No token without a password."""
    registry.server.gives("/token", b"who are you?", status=401)


def push_removal(registry: Registry) -> None:
    """A later layer removes the file."""
    registry.push(layer({MEMBER: script()}), layer({"usr/local/bin/.wh.tool": b""}))


def push_removed_directory(registry: Registry) -> None:
    """A later layer removes the directory."""
    registry.push(layer({MEMBER: script()}), layer({"usr/local/.wh.bin": b""}))


def push_link(registry: Registry) -> None:
    """The file is a link."""
    registry.push(layer({}, {MEMBER: "/opt/tool"}))


def push_other(registry: Registry) -> None:
    """There is no such file."""
    registry.push(layer({"bin/other": script()}))


def push_noise(registry: Registry) -> None:
    """The layer is no archive."""
    registry.push(b"noise")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        pytest.param(replace_manifest, r"the registry gave sha256:.* for sha256:.*; do not use it", id="manifest"),
        pytest.param(replace_layer, r"its layer sha256:.* has sha256:.*; do not use it", id="layer"),
        pytest.param(remove_layer, r"the server answered 404", id="layer-gone"),
        pytest.param(remove_image, r"the registry answered 404 for sha256:", id="image-gone"),
        pytest.param(demand_login, r"the registry gives no anonymous token \(401\)", id="login"),
        pytest.param(push_removal, r"usr/local/bin/tool was removed by a later layer", id="removed"),
        pytest.param(push_removed_directory, r"was removed by a later layer", id="directory-removed"),
        pytest.param(push_link, r"is no plain file but a link to /opt/tool", id="link"),
        pytest.param(push_other, r"none of its layers holds usr/local/bin/tool", id="absent"),
        pytest.param(push_noise, r"a layer cannot be read", id="noise"),
    ],
)
def test_a_faulty_image_is_refused(tmp_path: Path, cache: Cache, registry: Registry, harm: object, says: str) -> None:
    """In words that name what is wrong, and nothing of it is kept."""
    assert callable(harm)
    harm(registry)
    lock = lock_file(tmp_path, tool=entry(registry.source()))

    with pytest.raises(TargetError, match=says):
        find("tool", fetch=True, lock_file=lock, cache=cache)
    assert not [path for path in (cache.root / "downloads").iterdir() if path.suffix == ".part"]


def test_a_registry_that_does_not_answer_is_named(tmp_path: Path, cache: Cache) -> None:
    """And the next source is tried."""
    gone = Registry(server=ReleaseServer(url="http://127.0.0.1:9"), digest=sha256(b"x"))

    with pytest.raises(TargetError, match=rf"image 127\.0\.0\.1:9/{REPOSITORY}: the registry does not answer"):
        find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(gone.source())), cache=cache)
