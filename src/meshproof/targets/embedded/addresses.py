"""Loopback addresses and ports of one target, which no other target on this machine can have."""

from __future__ import annotations

import atexit
import os
import random
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from meshproof.errors import TargetError

#: Holding this port of a block's last address is holding the block; the kernel lets go of it with its holder.
_HELD_PORT = 47_113
_BLOCKS = tuple((second, third) for second in range(64, 192) for third in range(0, 256, 4))
_FIRST_FREE = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
#: Istio's own fixed ports lie below these, the kernel's ephemeral ones above.
_PORTS = range(16_000, 32_000)
#: So many are marked as given out at once.
_RUN = 32
_TRIES = 200
#: Kept for the life of the process; the kernel lets go of them with it.
_MARKS: list[socket.socket] = []


@atexit.register
def _let_go() -> None:
    """Close what would otherwise be told of as forgotten."""
    for one in _MARKS:
        one.close()


@dataclass(slots=True)
class Addresses:
    """A block of 1,000 addresses, `127.a.b.1` upwards, given out one after the other."""

    second: int
    third: int
    _next: int = field(default=0)

    def take(self) -> str:
        """The next address."""
        self._next += 1
        block, host = divmod(self._next, 250)
        if block > 3:  # noqa: PLR2004 - the block holds four times 250
            message = f"the target needs more than 1,000 loopback addresses in 127.{self.second}.{self.third}.0/22"
            raise TargetError(message)
        return f"127.{self.second}.{self.third + block}.{host + 1}"


@contextmanager
def leased(chance: random.Random | None = None) -> Iterator[Addresses]:
    """A block that is ours until the end of the block of code. Raises TargetError where none is free."""
    choose = chance or random.SystemRandom()
    for second, third in choose.sample(_BLOCKS, _TRIES):
        with socket.socket() as holder:
            try:
                holder.bind((f"127.{second}.{third + 3}.254", _HELD_PORT))
                holder.listen(1)
            except OSError:
                continue
            yield Addresses(second, third)
            return
    message = f"no block of loopback addresses is free after {_TRIES} tries; stop other targets with `meshproof down`"
    raise TargetError(message)


def lowest_port() -> int:
    """The lowest port that this user may listen on: the kernel keeps those below for the administrator."""
    if os.geteuid() == 0:
        return 1
    try:
        return int(_FIRST_FREE.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 1_024


def require_free(address: str, ports: Iterable[int]) -> None:
    """Make sure that declared ports can be had on a process's own address. Raises TargetError naming one that cannot.

    Only a program that listens on every address of the machine can be in the way.
    """
    for number in ports:
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((address, number))
            except OSError as error:
                message = (
                    f"the declared port {number} cannot be had on {address}: {error.strerror}; stop the program that "
                    f"listens on it at every address (`ss -ltnp sport = :{number}` names it)"
                )
                raise TargetError(message) from error


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nothing of this machine listens on, and that no other target is given while this process lives.

    They lie below those that the kernel gives to outgoing connections. Raises TargetError where none is left.
    """
    return tuple(_OURS.take() for _ in range(count))


class _Ports:
    """Ports by the run: one mark for each would be an open file for each, and many drills need a thousand ports."""

    def __init__(self) -> None:
        self._lock, self._left = threading.Lock(), list[int]()

    def take(self) -> int:
        """The next one that nobody listens on."""
        with self._lock:
            while True:
                self._left = self._left or _marked()
                if _is_free(number := self._left.pop()):
                    return number


_OURS = _Ports()


def _marked() -> list[int]:
    """A run of ports: the UDP twin of its first, which no program of a target uses, stays bound and so marks it."""
    for first in random.SystemRandom().sample(_PORTS[::_RUN], _TRIES):
        mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            mark.bind(("127.0.0.1", first))
        except OSError:
            mark.close()
            continue
        _MARKS.append(mark)
        return list(range(first, first + _RUN))
    message = f"no port of 127.0.0.1 is free after {_TRIES} tries; stop other targets with `meshproof down`"
    raise TargetError(message)


def _is_free(number: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("", number))
        except OSError:
            return False
    return True
