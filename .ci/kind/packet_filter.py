"""iptables as Debian has it, for the image of what redirects the traffic of pods."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kind.archive import lay
from kind.debian import files_of

#: The programs with their libraries.
_PACKAGES: Final = (
    *("iptables", "nftables", "conntrack", "libc6", "libxtables12", "libip4tc2", "libip6tc2", "libmnl0", "libnftnl11"),
    *("libnetfilter-conntrack3", "libnfnetlink0", "libnftables1", "libgmp10", "libjansson4", "libedit2", "libtinfo6"),
    *("libbsd0", "libmd0"),
)
_MERGED: Final = ("bin", "sbin", "lib", "lib64")


def packet_filter(root: Path, tree: Path) -> None:
    """Lay it below an image's root, with the links of a merged /usr."""
    for path in _MERGED:
        (root / path).symlink_to(f"usr/{path}")
    lay(root, dict(_files(tree)))


def _files(tree: Path) -> Iterator[tuple[str, Path]]:
    for path in files_of(tree, *_PACKAGES):
        first, _, rest = path.partition("/")
        if rest and not path.startswith("usr/share/"):
            yield (f"usr/{first}/{rest}" if first in _MERGED else path), tree / path
    for link in (tree / "etc/alternatives").glob("ip*tables*"):
        if (named := tree / "usr/sbin" / link.name).is_symlink():
            yield str(link.relative_to(tree)), link
            yield str(named.relative_to(tree)), named
