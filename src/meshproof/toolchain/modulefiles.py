"""Files out of a Go module, read from the archive that Go's module proxy publishes; neither Go nor git is needed.

Source: https://go.dev/ref/mod#goproxy-protocol, https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.toolchain.order import Order
from meshproof.toolchain.release import download_release
from meshproof.toolchain.sources import ModuleFiles

_PROXY = "https://proxy.golang.org"


def fetch_module_files(source: ModuleFiles, order: Order) -> str:
    """Lay the files under `order.executable`, a directory; returns module and version.

    Raises TargetError: the module cannot be had, has another sum, or lacks a file.
    """
    where = f"{source.module}@{source.version}"
    if not source.sum:
        message = f"{where}: refused, because nobody has recorded its sum yet; run `meshproof lock {order.name}`"
        raise TargetError(message)
    archive, ours = _archive(source, order)
    try:
        if (got := archive_sum(archive)) != source.sum:
            message = f"{where}: has the sum {got}, not {source.sum} as locked; do not use it"
            raise TargetError(message)
        _extract(archive, source, order.executable)
    except zipfile.BadZipFile as error:
        message = f"{where}: what the proxy gave is no archive ({error}); check GOPROXY"
        raise TargetError(message) from error
    finally:
        if ours:
            archive.unlink()
    return f"go {where}"


def files_sum(source: ModuleFiles, order: Order) -> str:
    """The `h1:` sum of the module as it can be had now. Raises TargetError."""
    archive, ours = _archive(source, order)
    try:
        return archive_sum(archive)
    finally:
        if ours:
            archive.unlink()


def archive_sum(archive: Path) -> str:
    """Go's `h1:` sum: the SHA-256 over the list of the files' SHA-256 sums, sorted by name."""
    total = hashlib.sha256()
    with zipfile.ZipFile(archive) as opened:
        for name in sorted(opened.namelist()):
            with opened.open(name) as file:
                total.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n".encode())  # type: ignore[arg-type]
    return f"h1:{base64.b64encode(total.digest()).decode()}"


def _archive(source: ModuleFiles, order: Order) -> tuple[Path, bool]:
    """The module's archive, and whether it is ours to remove; Go's own cache is looked into first."""
    tail = f"{_escaped(source.module)}/@v/{_escaped(source.version)}.zip"
    stored = _module_cache() / "cache" / "download" / tail
    if stored.is_file():
        return stored, False
    problems = []
    for proxy in _proxies():
        try:
            return download_release(f"{proxy}/{tail}", order), True
        except TargetError as error:
            problems.append(str(error))
    reason = "; ".join(problems) or "GOPROXY names no proxy that answers over HTTP"
    message = f"{source.module}@{source.version}: cannot be had: {reason}"
    raise TargetError(message)


def _extract(archive: Path, source: ModuleFiles, to: Path) -> None:
    root = f"{source.module}@{source.version}/"
    with zipfile.ZipFile(archive) as opened:
        names = [name.removeprefix(root) for name in opened.namelist()]
        for pattern in source.files:
            found = [name for name in names if fnmatchcase(name, pattern)]
            if not found:
                message = f"{source.module}@{source.version}: holds no {pattern}; correct `files` in the lock file"
                raise TargetError(message)
            for name in found:
                file = to / name
                if ".." in file.parts:
                    continue  # no published module has it: Go refuses such names
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(opened.read(root + name))


def _escaped(text: str) -> str:
    """As the proxy wants it: a capital letter becomes `!` and the small one."""
    return re.sub(r"[A-Z]", lambda match: f"!{match.group().lower()}", text)


def _proxies() -> Iterator[str]:
    for word in re.split(r"[,|]", os.environ.get("GOPROXY") or _PROXY):
        if word.startswith(("http://", "https://")):
            yield word.rstrip("/")


def _module_cache() -> Path:
    if cache := os.environ.get("GOMODCACHE"):
        return Path(cache)
    gopath = os.environ.get("GOPATH", "").partition(os.pathsep)[0]
    return (Path(gopath) if gopath else Path("~/go").expanduser()) / "pkg" / "mod"
