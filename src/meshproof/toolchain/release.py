"""Official releases: an archive or executable at a URL, by its SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from meshproof.errors import TargetError
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.download import download
from meshproof.toolchain.lock import pin
from meshproof.toolchain.order import Order
from meshproof.toolchain.program import Step
from meshproof.toolchain.sources import Release


def fetch_release(source: Release, order: Order) -> str:
    """Download, check and unpack; returns the URL.

    Raises TargetError: no digest in the lock file, download failed, other digest, not in the archive.
    """
    url = release_url(source, order.entry.version, order.platform)
    wanted = pin(source, order.platform, beside=order.beside)
    if not wanted:
        message = (
            f"{url}: refused, because nobody has computed its SHA-256 for {order.platform} yet; "
            f"run `meshproof lock {order.name}`"
        )
        raise TargetError(message)
    archive = download_release(url, order)
    if (got := file_digest(archive)) != wanted:
        archive.unlink()
        message = f"{url}: has SHA-256 {got}, not {wanted} as locked; do not use it, or check it and lock it anew"
        raise TargetError(message)
    member = _fill(source.member, order.entry.version, order.platform)
    _unpack(archive, member, url, order.executable)
    archive.unlink()
    return url


def release_url(source: Release, version: str, platform: str) -> str:
    """Where the release for a platform lies."""
    return _fill(source.url, version, platform)


def download_release(url: str, order: Order, *, headers: Mapping[str, str] | None = None) -> Path:
    """The downloaded file, under a name of its own in `order.downloads`. Raises TargetError."""
    part = part_of(url, order.name, order.downloads)
    doing = f"downloading {url.rsplit('/', 1)[-1]}"

    def seen(done: int, total: int) -> None:
        order.progress(Step(program=order.name, doing=doing, done_bytes=done, total_bytes=total))

    download(url, part, seen=seen, headers=headers or {})
    return part


def part_of(url: str, name: str, downloads: Path) -> Path:
    """Where the bytes of a URL are kept until they are complete and checked.

    Each program has its own, because its lock is all that keeps another run from writing there.
    """
    return downloads / f"{hashlib.sha256(f'{name} {url}'.encode()).hexdigest()[:32]}.part"


def _fill(template: str, version: str, platform: str) -> str:
    system, _, architecture = platform.partition("_")
    return template.replace("{version}", version).replace("{os}", system).replace("{arch}", architecture)


def _unpack(archive: Path, member: str, url: str, to: Path) -> None:
    """Only the one member is read, so that no other path of the archive matters."""
    try:
        with ExitStack() as stack, to.open("wb") as out:
            shutil.copyfileobj(_opened(archive, member, stack), out)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError) as error:
        message = f"{url}: {member} cannot be read from it: {error}; correct `member` in the lock file"
        raise TargetError(message) from error
    except OSError as error:
        message = f"{to.parent}: cannot be written: {error.strerror or error}; free some space or set XDG_CACHE_HOME"
        raise TargetError(message) from error
    to.chmod(0o755)


def _opened(archive: Path, member: str, stack: ExitStack) -> IO[bytes]:
    if not member:
        return stack.enter_context(archive.open("rb"))
    if zipfile.is_zipfile(archive):
        return stack.enter_context(stack.enter_context(zipfile.ZipFile(archive)).open(member))
    tar = stack.enter_context(tarfile.open(archive))  # noqa: SIM115  the stack closes it
    content = tar.extractfile(member)
    if content is None:
        raise KeyError(member)
    return content
