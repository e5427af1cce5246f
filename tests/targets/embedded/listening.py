"""Where processes listen, read from the kernel's own tables."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_LISTEN: Final = "0A"


def listening(pids: Iterable[int]) -> set[str]:
    """The addresses at which these processes accept TCP connections."""
    mine = {inode for pid in pids for inode in _sockets(pid)}
    return {address for address, inode in _listeners() if inode in mine}


def _sockets(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it may have ended meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]


def _listeners() -> Iterator[tuple[str, str]]:
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN:
                yield _address(fields[1].partition(":")[0]), fields[9]


def _address(text: str) -> str:
    """Each group of four bytes stands in the machine's order, which is little-endian wherever the programs run."""
    raw = bytes.fromhex(text)
    found = ipaddress.ip_address(b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4)))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
