"""A tree of Debian: what a node of kind stands on, and Docker's daemon, which is run from in there."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.process import require, run, scratch

#: What kind's own base image installs, with what a node needs that comes from elsewhere there (runc), and Docker.
PACKAGES: Final = (
    *("systemd", "systemd-sysv", "runc", "conntrack", "iptables", "nftables", "ipset", "iproute2", "ethtool", "socat"),
    *("util-linux", "mount", "kmod", "libseccomp2", "pigz", "bash", "ca-certificates", "curl", "jq", "procps"),
    *("docker.io", "tini"),
)
#: Where Debian keeps its archive's place: this machine's own is used.
_SOURCES: Final = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
#: What systemd is not to start in a container, as kind's base image takes it away.
_NOT_STARTED: Final = (
    "usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
    *(f"usr/lib/systemd/system/{target}.target.wants/*" for target in ("multi-user", "local-fs", "basic")),
    *(f"usr/lib/systemd/system/sockets.target.wants/*{part}*" for part in ("udev", "initctl")),
    "etc/systemd/system/*.wants/*",
)
_DOWNLOAD_WITHIN_S: Final = 120.0
_INSTALL_WITHIN_S: Final = 900.0


def release() -> str:
    """The code name of this machine's Debian. Raises TargetError elsewhere."""
    told = platform.freedesktop_os_release()
    if told.get("ID") != "debian" or "VERSION_CODENAME" not in told:
        message = f"the test bed is made of Debian's packages, and this is {told.get('PRETTY_NAME', 'no Debian')}"
        raise TargetError(message)
    return told["VERSION_CODENAME"]


def made_of() -> list[str]:
    """What decides how the tree looks."""
    return [release(), *PACKAGES, *_NOT_STARTED]


def make_tree(to: Path) -> None:
    """Install the packages of a node into `to`."""
    bootstrap(to, PACKAGES, release(), _sources())
    for pattern in _NOT_STARTED:
        for path in to.glob(pattern):
            path.unlink()


def archive() -> str:
    """The URL of the archive that this machine's own packages come from. Raises TargetError."""
    lines = [one for one in _sources().read_text(encoding="utf-8").splitlines() if not one.startswith("#")]
    return next(word for line in lines for word in line.split() if word.startswith("http"))


def _sources() -> Path:
    found = next((one for one in _SOURCES if one.exists()), None)
    if found is None:
        message = f"apt knows no sources: none of {', '.join(map(str, _SOURCES))} is there"
        raise TargetError(message)
    return found


def bootstrap(to: Path, packages: Sequence[str], suite: str, source: Path | str) -> None:
    """Install packages into `to`, with the program that does so taken from Debian for the moment.

    `source` is a file of apt's sources, or the URL of an archive.
    """
    with scratch("bootstrap") as place:
        got = run(["apt-get", "--quiet", "download", "mmdebstrap"], cwd=place, within_s=_DOWNLOAD_WITHIN_S)
        require(got, doing="downloading mmdebstrap (`apt-get update` may help)")
        (package,) = place.glob("mmdebstrap_*.deb")
        require(run(["dpkg-deb", "--extract", package, place], within_s=60), doing="unpacking mmdebstrap")
        program = place / "usr/bin/mmdebstrap"
        words = ["--quiet", "--variant=minbase", f"--include={','.join(packages)}", suite, to, source]
        alone = ["unshare", "--mount", "--"]  # it mounts into the tree, and nothing of that must outlive it
        done = run([*alone, program, *map(str, words)], within_s=_INSTALL_WITHIN_S)
        require(done, doing="installing Debian's packages")


def files_of(tree: Path, *packages: str) -> list[str]:
    """The paths of what packages have installed in the tree, relative to it, directories left out."""
    found: list[str] = []
    for package in packages:
        lists = [*tree.glob(f"var/lib/dpkg/info/{package}.list"), *tree.glob(f"var/lib/dpkg/info/{package}:*.list")]
        lines = lists[0].read_text(encoding="utf-8").splitlines() if lists else []
        if not lines:
            message = f"{package} is not installed in {tree}; remove that directory and prepare the test bed again"
            raise TargetError(message)
        paths = [tree / line.lstrip("/") for line in lines]
        found += [str(path.relative_to(tree)) for path in paths if path.is_symlink() or path.is_file()]
    return found
