"""Many requests at once over kept connections, as fast as they are answered: what limits do when they are reached."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from meshproof.errors import ProbeError
from meshproof.probes.http import Request

_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """How many replies had which status; `marked` of them carried the header asked about, by its value.

    `sent_s`: until the last request was on its way, `seconds`: until the last reply.
    """

    statuses: Mapping[int, int]
    marked: Mapping[str, int]
    sent_s: float
    seconds: float

    @property
    def total(self) -> int:
        """All replies."""
        return sum(self.statuses.values())

    def __str__(self) -> str:
        """One line for a report."""
        counts = ", ".join(f"{count} times {status}" for status, count in sorted(self.statuses.items()))
        return f"{counts} in {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many requests, all alike, spread over so many connections; replies are told apart by the header `mark`.

    `ahead`: how many are on their way on one connection before the first of them is answered. A proxy that refuses a
    request itself may close a connection on which it has another one already.
    """

    request: Request
    count: int
    connections: int
    mark: str = ""
    ahead: int = 1
    tls: ssl.SSLContext | None = None


@dataclass(slots=True, kw_only=True)
class _Seen:
    statuses: Counter[int] = field(default_factory=Counter)
    marked: Counter[str] = field(default_factory=Counter)
    sent_s: float = 0.0


def burst(address: str, port: int, load: Load) -> Burst:
    """Send the load and wait for every reply. Raises ProbeError where a connection breaks."""
    began, seen = time.monotonic(), _Seen()
    shares = [len(range(number, load.count, load.connections)) for number in range(load.connections)]

    async def everything() -> None:
        async with asyncio.timeout(_WITHIN_S), asyncio.TaskGroup() as group:
            for share in shares:
                group.create_task(_connection(address, port, load, share, seen, began))

    try:
        asyncio.run(everything())
    except* (OSError, asyncio.IncompleteReadError, TimeoutError) as errors:
        message = f"{address}:{port}: a connection of the load broke: {errors.exceptions[0]!r}"
        raise ProbeError(message) from errors
    return Burst(statuses=seen.statuses, marked=seen.marked, sent_s=seen.sent_s, seconds=time.monotonic() - began)


async def _connection(  # noqa: PLR0913, PLR0917  one connection's share of a load
    address: str, port: int, load: Load, share: int, seen: _Seen, began: float
) -> None:
    name = "outbound_.mesh" if load.tls else None
    reader, writer = await asyncio.open_connection(address, port, ssl=load.tls, server_hostname=name)
    try:
        left = share
        while left:
            batch = min(left, load.ahead)
            writer.write(load.request.wire * batch)
            await writer.drain()
            seen.sent_s = time.monotonic() - began
            for _ in range(batch):
                await _reply(reader, load.mark, seen)
            left -= batch
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _reply(reader: asyncio.StreamReader, mark: str, seen: _Seen) -> None:
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
    await reader.readexactly(int(headers.get("content-length", "0")))
    seen.statuses[int(status.split(" ", 2)[1])] += 1
    if mark in headers:
        seen.marked[headers[mark]] += 1
