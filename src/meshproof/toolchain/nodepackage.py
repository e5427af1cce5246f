"""Programs with everything they need that the Node package registry serves, taken out without installing them."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from meshproof.errors import TargetError
from meshproof.process import ProgramFailed, require, run
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.lock import pin
from meshproof.toolchain.order import Order
from meshproof.toolchain.sources import NodePackage

#: PostgreSQL's package is 23 MB: seconds from a near mirror, minutes on a slow line.
_DOWNLOAD_WITHIN_S = 900.0
#: What every archive of this registry has above its files.
_ROOT = "package"


def fetch_node_package(source: NodePackage, order: Order) -> str:
    """Download the package, check it and lay its tree beside the program; returns the package and its version.

    Each program beside the one asked for can be run from the same directory. Raises TargetError: none for this
    platform, no digest in the lock file, other digest, no such member, no npm.
    """
    name = {str(platform): text for platform, text in source.names.items()}.get(order.platform)
    if name is None:
        message = f"npm: there is no package for {order.platform}; its platforms are {', '.join(source.names)}"
        raise TargetError(message)
    where = f"npm {name}@{source.version}"
    wanted = pin(source, order.platform, beside=order.beside)
    if not wanted:
        message = f"{where}: refused, because nobody has computed its SHA-256 yet; run `meshproof lock {order.name}`"
        raise TargetError(message)
    archive = download_node_package(name, source.version, order)
    if (got := file_digest(archive)) != wanted:
        message = f"{where}: has SHA-256 {got}, not {wanted} as locked; do not use it, or check it and lock it anew"
        raise TargetError(message)
    to = order.executable.parent
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(to, members=_below(packed, PurePosixPath(source.member).parts[0]), filter="data")
        _link(to, source)
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        message = f"{where}: cannot be unpacked: {error}; correct `member` and `links` in the lock file"
        raise TargetError(message) from error
    if not (to / source.member).is_file() or not order.executable.exists():
        message = f"{where}: {source.member} is not in it; correct `member` in the lock file"
        raise TargetError(message)
    return where


def download_node_package(name: str, version: str, order: Order) -> Path:
    """The archive of a package, by npm from the registry that the user configured. Raises TargetError."""
    if (npm := shutil.which("npm")) is None:
        message = f"{order.name}: npm is not on PATH, and it is needed to download {name}; install Node.js"
        raise TargetError(message)
    to = order.staging.parent / "npm" / name.replace("/", "-")
    to.mkdir(parents=True, exist_ok=True)
    order.say(f"downloading {name} {version} from the Node package registry")
    argv: list[str | Path] = [
        npm,
        "pack",
        f"{name}@{version}",
        "--pack-destination",
        to,
        "--ignore-scripts",
        "--silent",
    ]
    try:
        done = run(argv, within_s=_DOWNLOAD_WITHIN_S, cwd=to, name="npm")
        require(done, doing=f"{order.name}: downloading {name}@{version} (check the network and npm's registry)")
    except ProgramFailed as error:
        raise TargetError(str(error)) from error
    return next(to.glob("*.tgz"))


def _below(packed: tarfile.TarFile, directory: str) -> Iterator[tarfile.TarInfo]:
    """The members of one directory of the package, named from there."""
    for member in packed:
        parts = PurePosixPath(member.name).parts
        if parts[:2] == (_ROOT, directory):
            yield member.replace(name=str(PurePosixPath(*parts[1:])), deep=False)


def _link(to: Path, source: NodePackage) -> None:
    """The links that an archive of this registry cannot hold, and one for each program."""
    if source.links:
        for one in json.loads((to / source.links).read_text(encoding="utf-8")):
            at, what = to / one["target"], to / one["source"]
            if not at.resolve().is_relative_to(to.resolve()) or not what.resolve().is_relative_to(to.resolve()):
                message = f"a link leads out of the package: {one['target']}"
                raise ValueError(message)
            if not at.exists():
                at.symlink_to(os.path.relpath(what, at.parent))
    programs = (to / source.member).parent
    for program in programs.iterdir():
        program.chmod(0o755)
        (to / program.name).symlink_to(program.relative_to(to))
