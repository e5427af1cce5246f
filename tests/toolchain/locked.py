"""Lock files and programs for these tests."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from meshproof.toolchain.platform import this_platform

VERSION = "1.2.3"


def script(version: str = VERSION) -> bytes:
    """A program that states its version."""
    return f"#!/bin/sh\necho tool v{version}\n".encode()


def archive(member: str, content: bytes) -> bytes:
    """A .tar.gz with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def release(url: str, content: bytes | None, member: str = "") -> dict[str, object]:
    """A release source for this platform; without content its digest is empty."""
    digest = hashlib.sha256(content).hexdigest() if content is not None else ""
    return {"kind": "release", "url": url, "member": member, "sha256": {this_platform(): digest}}


def entry(*sources: object, **changes: object) -> dict[str, object]:
    """A program's entry in a lock file."""
    return {
        "version": VERSION,
        "accepts": ">=1.2,<2",
        "command": "no-such-tool",
        "asks": ["version"],
        "says": r"v(\d\S*)",
        "sources": list(sources),
        **changes,
    }


def lock_file(directory: Path, **programs: object) -> Path:
    """A lock file with these programs."""
    return _written(directory, {"format": 1, "programs": programs})


def bundle_file(directory: Path, *sources: object, names: tuple[str, ...] = ("files",)) -> Path:
    """A lock file with bundles of these names, all alike."""
    bundle = {"version": VERSION, "about": "files for a test", "sources": list(sources)}
    return _written(directory, {"format": 1, "programs": {}, "bundles": dict.fromkeys(names, bundle)})


def _written(directory: Path, content: object) -> Path:
    file = directory / "programs.lock.json"
    file.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return file


def executable(path: Path, content: bytes) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)
    return path
