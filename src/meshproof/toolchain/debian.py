"""Programs out of Debian's packages, unpacked without installing them; apt downloads from where it is told to."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.process import ProgramFailed, require, run
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.order import Order
from meshproof.toolchain.sources import Debian

_DOWNLOAD_WITHIN_S: Final = 300.0
_UNPACK_WITHIN_S: Final = 60.0
#: The libraries that come with a program are found beside it, wherever the cache lies.
_STARTER: Final = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec "$here/{member}" "$@"
"""


def fetch_debian(source: Debian, order: Order) -> str:
    """Download the packages, check each and unpack all beside the program; returns the first of them.

    Raises TargetError: none for this platform, no digest in the lock file, other digest, no apt.
    """
    wanted = _of_platform(source, order)
    to = order.executable.parent
    to.mkdir(parents=True, exist_ok=True)
    for name, digest in wanted.items():
        if not digest:
            message = f"debian {name}: refused, nobody has computed its SHA-256 yet; run `meshproof lock {order.name}`"
            raise TargetError(message)
        package = download_debian(name, order)
        if (got := file_digest(package)) != digest:
            message = f"debian {name}: has SHA-256 {got}, not {digest} as locked; do not use it, or lock it anew"
            raise TargetError(message)
        _run([_tool("dpkg-deb", order), "--extract", package, to], order, f"unpacking {name}", _UNPACK_WITHIN_S)
    if not (to / source.member).is_file():
        message = f"debian {next(iter(wanted))}: {source.member} is not in it; correct `member` in the lock file"
        raise TargetError(message)
    libraries = sorted({f"$here/{one.parent.relative_to(to)}" for one in to.glob("usr/lib/**/*.so.*")})
    order.executable.write_text(_STARTER.format(libraries=":".join(libraries), member=source.member), encoding="utf-8")
    order.executable.chmod(order.executable.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return f"debian {next(iter(wanted))}"


def debian_digests(source: Debian, order: Order) -> Mapping[str, Mapping[str, str]]:
    """The SHA-256 of each package for this platform as it can be had now; others stay. Raises TargetError."""
    found = {str(platform): dict(packages) for platform, packages in source.packages.items()}
    found[order.platform] = {name: file_digest(download_debian(name, order)) for name in _of_platform(source, order)}
    return found


def download_debian(name: str, order: Order) -> Path:
    """The file of `package=version`, by apt from the archive that this machine is told of. Raises TargetError."""
    to = order.staging.parent / "debian" / name.replace("=", "_").replace(":", "-")
    to.mkdir(parents=True, exist_ok=True)
    order.say(f"downloading {name} from Debian's archive")
    _run([_tool("apt-get", order), "--quiet", "download", name], order, f"downloading {name}", _DOWNLOAD_WITHIN_S, to)
    return next(to.glob("*.deb"))


def _of_platform(source: Debian, order: Order) -> Mapping[str, str]:
    found = {str(platform): packages for platform, packages in source.packages.items()}.get(order.platform)
    if found is None:
        message = f"debian: there is no package for {order.platform}; its platforms are {', '.join(source.packages)}"
        raise TargetError(message)
    return found


def _tool(name: str, order: Order) -> Path:
    if (found := shutil.which(name)) is None:
        message = f"{order.name}: {name} is not on PATH: its packages are for Debian; install {order.name} yourself"
        raise TargetError(message)
    return Path(found)


def _run(argv: list[str | Path], order: Order, doing: str, within_s: float, cwd: Path | None = None) -> None:
    try:
        done = run(argv, within_s=within_s, cwd=cwd)
        require(done, doing=f"{order.name}: {doing} (`apt-get update` may help)")
    except ProgramFailed as error:
        raise TargetError(str(error)) from error
