"""`meshproof lock PROGRAM`: computes what pins a program's sources and writes it into the lock file.

What is computed is what the network gives now: compare the change with what the publisher states before committing it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.process import require, run
from meshproof.toolchain.cache import Cache
from meshproof.toolchain.debian import debian_digests
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.document import document_url
from meshproof.toolchain.gomodule import module_sum
from meshproof.toolchain.image import image_digest
from meshproof.toolchain.lock import LOCK_FILE, read_lock
from meshproof.toolchain.maven import maven_digests
from meshproof.toolchain.modulefiles import files_sum
from meshproof.toolchain.nodepackage import download_node_package
from meshproof.toolchain.order import Order
from meshproof.toolchain.platform import this_platform
from meshproof.toolchain.program import Progress, Step, silent
from meshproof.toolchain.release import download_release, release_url
from meshproof.toolchain.sources import (
    Debian,
    Document,
    GoModule,
    Image,
    Maven,
    ModuleFiles,
    NodePackage,
    Package,
    Release,
    Wheel,
)
from meshproof.toolchain.wheel import download_wheel

#: Resolving 99 packages takes seconds; a slow index may need minutes.
_RESOLVE_WITHIN_S = 600.0


def lock_program(
    name: str, *, progress: Progress = silent, lock_file: Path = LOCK_FILE, cache: Cache | None = None
) -> tuple[str, ...]:
    """Pin every source of the program or bundle anew; returns one line per source, what was pinned.

    Writes all or nothing. Raises TargetError when a source cannot be had, UsageError when the lock file is wrong.
    """
    lock = read_lock(lock_file)
    part = "bundles" if name in lock.bundles else "programs"
    entry = lock.bundles[name] if name in lock.bundles else lock.program(name)
    raw = json.loads(lock_file.read_text(encoding="utf-8"))
    cache = cache or Cache.of_user()
    waiting = Step(program=name, doing=f"waiting for another run that is fetching {name}")
    with cache.locked(name, meanwhile=lambda: progress(waiting)), cache.staging(name) as staging:
        order = Order(
            name=name,
            entry=entry,
            platform=this_platform(),
            staging=staging,
            downloads=cache.downloads,
            beside=lock_file.parent,
            progress=progress,
        )
        requirements = _pin(raw[part][name]["sources"], order)
    for file, text in {**requirements, lock_file: json.dumps(raw, indent=2, ensure_ascii=False) + "\n"}.items():
        _replace(file, text)
    return tuple(f"{name} {entry.version}: {_pinned(source)}" for source in raw[part][name]["sources"])


def _pin(raw_sources: Sequence[dict[str, object]], order: Order) -> Mapping[Path, str]:  # noqa: C901  one case per kind
    """Fill in the digests; returns the requirements to be written beside the lock file."""
    requirements = {}
    for source, raw in zip(order.entry.sources, raw_sources, strict=True):
        match source:
            case Release():
                raw["sha256"] = _release_digests(source, order)
            case Image():
                raw["sha256"] = {str(name): image_digest(source, str(name), order) for name in source.sha256}
            case GoModule():
                raw["sum"] = module_sum(source, order)
            case ModuleFiles():
                raw["sum"] = files_sum(source, order)
            case Wheel():
                raw["sha256"] = _wheel_digests(source, order)
            case NodePackage():
                raw["sha256"] = _node_digests(source, order)
            case Document():
                raw["sha256"] = _downloaded_digest(document_url(source, order), order)
            case Maven():
                raw["jars"] = maven_digests(source, order)
            case Debian():
                raw["packages"] = debian_digests(source, order)
            case Package():
                requirements[order.beside / source.requirements] = _requirements(order)
    return requirements


def _pinned(source: Mapping[str, object]) -> str:  # noqa: PLR0911  one line per kind
    """What was pinned, in words."""
    match source:
        case {"kind": "release", "sha256": dict(digests)}:
            return f"release for {', '.join(digests)}"
        case {"kind": "image", "sha256": dict(digests)}:
            return f"image {source['repository']} for {', '.join(digests)}"
        case {"kind": "wheel", "sha256": dict(digests)}:
            return f"wheel {source['project']}=={source['version']} for {', '.join(digests)}"
        case {"kind": "npm", "sha256": dict(digests)}:
            return f"npm {source['version']} for {', '.join(digests)}"
        case {"kind": "document"}:
            return f"{source['url']} {source['sha256']}"
        case {"kind": "maven", "jars": dict(jars)}:
            return f"maven {next(iter(jars))} and {len(jars) - 1} more"
        case {"kind": "debian", "packages": dict(packages)}:
            return f"debian for {', '.join(packages)}"
        case {"kind": "go" | "files"}:
            return f"{source['module']}@{source['version']} {source['sum']}"
        case _:
            return str(source["requirements"])


def _release_digests(source: Release, order: Order) -> Mapping[str, str]:
    urls = {str(platform): release_url(source, order.entry.version, platform) for platform in source.sha256}
    return {platform: _downloaded_digest(url, order) for platform, url in urls.items()}


def _wheel_digests(source: Wheel, order: Order) -> Mapping[str, str]:
    return {str(platform): file_digest(download_wheel(source, tag, order)) for platform, tag in source.tags.items()}


def _node_digests(source: NodePackage, order: Order) -> Mapping[str, str]:
    return {
        str(platform): file_digest(download_node_package(name, source.version, order))
        for platform, name in source.names.items()
    }


def _downloaded_digest(url: str, order: Order) -> str:
    archive = download_release(url, order)
    digest = file_digest(archive)
    archive.unlink()
    return digest


def _requirements(order: Order) -> str:
    """Everything the package needs, for every platform and Python from 3.11 on, each file by its hashes."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        message = f"{order.name}: uv is not on PATH, and it is needed to pin its packages; pip install uv"
        raise TargetError(message)
    order.say(f"resolving the packages of {order.name}")
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--quiet"]
    nameless = ["--no-emit-index-url", "--no-emit-find-links"]
    wanted = f"{order.name}=={order.entry.version}\n"
    done = run([uv, "pip", "compile", *options, *nameless, "-"], stdin=wanted, within_s=_RESOLVE_WITHIN_S)
    return require(done, doing=f"{order.name}: pinning its packages").stdout


def _replace(file: Path, text: str) -> None:
    """Write a file so that it is there either as it was or as it will be."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as temporary:
                temporary.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        message = f"{file}: cannot be written: {error.strerror}; run it in a checkout that you may write to"
        raise TargetError(message) from error
