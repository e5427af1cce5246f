"""The lock file: what it may say, and what is said of one that is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshproof.errors import UsageError
from meshproof.toolchain.lock import LOCK_FILE, GoModule, Package, Release, pin, read_lock
from tests.toolchain.locked import entry, lock_file, release

SOURCE = {"kind": "release", "url": "https://example.org/tool", "sha256": {"linux_amd64": ""}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"colour": "red"}, r"13: programs\.tool\.colour: extra inputs are not permitted", id="unknown"),
        pytest.param({"accepts": "new"}, r"6: programs\.tool\.accepts: .*'new' is not a version range", id="range"),
        pytest.param({"says": "("}, r"programs\.tool\.says: .*not a regular expression", id="pattern"),
        pytest.param({"says": "v"}, r"programs\.tool\.says: .*exactly one group", id="group"),
        pytest.param({"sources": [{"kind": "ftp"}]}, r"programs\.tool\.sources\.0", id="kind"),
        pytest.param(
            {"sources": [SOURCE | {"sha256": {"linux_amd64": "12"}}]}, r"sha256\.linux_amd64: .*match", id="digest"
        ),
        pytest.param({"sources": [SOURCE | {"sha256": {"amiga": ""}}]}, r"sha256\.amiga", id="platform"),
        pytest.param({"sources": [SOURCE | {"url": "file:///etc"}]}, r"release\.url", id="url"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    """File, line, place, reason, and what to do."""
    file = lock_file(tmp_path, tool=entry(**changes))

    with pytest.raises(UsageError, match=rf"^{re.escape(str(file))}:.*{says}.*; correct it$"):
        read_lock(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b'{\n"format": 1,\n}', ":3: not valid JSON", id="syntax"),
        pytest.param(b'{"format": 1,\n"programs": {},\n"format": 1}', ":3: the key 'format' appears twice", id="twice"),
        pytest.param(b"\xff", "not UTF-8", id="encoding"),
        pytest.param(b"[]", ":1: .*dictionary", id="list"),
        pytest.param(b"[" * 100_000, "cannot be read|not valid", id="depth"),
        pytest.param(b'{"format": 2, "programs": {}}', ":1: format", id="format"),
    ],
)
def test_a_file_that_is_no_lock_file_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    """One line, with the line of the file."""
    file = tmp_path / "lock.json"
    file.write_bytes(content)

    with pytest.raises(UsageError, match=says):
        read_lock(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(UsageError, match=r"away\.json: cannot be read: No such file"):
        read_lock(tmp_path / "away.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["format", "programs"]) | st.text(), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(content=JSON.map(json.dumps) | st.text())
def test_no_input_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    """Whatever the file holds, it is read or refused in words."""
    file = tmp_path_factory.getbasetemp() / "fuzzed.json"
    file.write_bytes(content.encode(errors="surrogatepass"))

    try:
        assert read_lock(file).programs == {}
    except UsageError as error:
        assert str(file) in str(error)  # noqa: PT017


def test_an_unknown_program_is_told_with_the_known_ones() -> None:
    """Those are what one may have meant."""
    with pytest.raises(UsageError, match=r"no program 'terrafrom'.*terraform"):
        read_lock().program("terrafrom")


def test_a_source_is_pinned_by_its_platform_alone(tmp_path: Path) -> None:
    """A digest computed for another platform later leaves what is stored as it is."""
    source = (
        read_lock(lock_file(tmp_path, tool=entry(release("https://example.org/tool", b"")))).program("tool").sources[0]
    )

    assert pin(source, "darwin_arm64" if "linux" in str(source) else "linux_amd64", beside=tmp_path) == ""


def test_missing_requirements_are_told(tmp_path: Path) -> None:
    """They lie beside the lock file."""
    source = Package(kind="package", requirements="tool.txt", module="tool")

    with pytest.raises(UsageError, match=r"tool\.txt: cannot be read"):
        pin(source, "linux_amd64", beside=tmp_path)


@pytest.mark.parametrize("name", sorted(read_lock().programs))
def test_each_program_of_ours_is_pinned(name: str) -> None:
    """Versions agree, alternatives exist, and every source that can be pinned without the release page is."""
    locked = read_lock().program(name)

    for source in locked.sources:
        match source:
            case Release():
                assert "{version}" in source.url
                assert "{os}" in source.url
            case GoModule():
                assert source.sum
                assert source.package.startswith(source.module)
            case Package():
                assert f"\n{name}=={locked.version} " in (LOCK_FILE.parent / source.requirements).read_text("utf-8")
    assert set(locked.alternatives) <= set(read_lock().programs)


def test_our_requirements_are_pinned_by_hash_and_name_no_host() -> None:
    """Whoever installs them asks their own index."""
    text = (LOCK_FILE.parent / "checkov.requirements.txt").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block.strip() and not block.startswith("#")]

    assert not [block for block in blocks if "--hash=sha256:" not in block]
    assert "://" not in text
