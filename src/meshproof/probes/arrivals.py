"""Requests that arrive by the clock, answered or not: what customers do while something changes under them."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cryptography import x509

from meshproof.errors import ProbeError
from meshproof.probes.http import Request

_SNI: Final = "outbound_.mesh"
_GOOD: Final = range(200, 300)
_NO_BODY: Final = (204, 304)
_SAID: Final = 160
#: A generator that is later than this shares its machine with what it measures: both stood still.
STALLED_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of request, `per_s` of it each second; `fresh`: each over a connection of its own, else kept ones."""

    name: str
    address: str
    port: int
    request: Request
    per_s: float
    tls: ssl.SSLContext | None = None
    fresh: bool = False
    within_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One request and what came of it: `status` is 0 where nothing answered; `says` then tells why.

    `says` is also what came with an answer that is no good one: a proxy tells there what it ran into.

    `at` is when it arrived; `seconds` count from then to the end of the answer, `late_s` to when it was really sent.
    `shown` is the certificate that the server showed to a fresh connection, `by` the application that answered.
    """

    stream: str
    at: datetime
    seconds: float
    late_s: float
    status: int
    says: str = ""
    by: str = ""
    shown: x509.Certificate | None = None

    @property
    def good(self) -> bool:
        """Whether it got what it asked for."""
        return self.status in _GOOD

    @property
    def answered(self) -> datetime:
        """When the answer, or the end of the wait for one, had come."""
        return self.at + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        """One line for a report."""
        told = f" ({self.says})" if self.says else ""
        return f"{self.stream}: " + (f"HTTP {self.status}{told}" if self.status else f"no answer{told}")


class Flow:
    """The requests so far, in the order in which they were answered."""

    def __init__(self) -> None:
        """None yet."""
        self.arrivals: list[Arrival] = []

    def of(self, stream: str) -> list[Arrival]:
        """Those of one stream."""
        return [one for one in list(self.arrivals) if one.stream == stream]

    def shown(self, stream: str) -> list[Arrival]:
        """For each certificate that fresh connections were shown, the first request that was, in order of arrival."""
        found: dict[int, Arrival] = {}
        for one in sorted(self.of(stream), key=lambda one: one.at):
            if one.shown is not None:
                found.setdefault(one.shown.serial_number, one)
        return list(found.values())

    @property
    def failed(self) -> list[Arrival]:
        """Those that did not get what they asked for.

        Raises ProbeError where some did not while the machine stood still: nobody knows then whose fault it was.
        """
        failed = [one for one in list(self.arrivals) if not one.good]
        if failed:
            self.require_in_time(str(failed[0]))
        return failed

    def require_in_time(self, what: str) -> None:
        """Make sure that what was seen is not the doing of a machine that stood still. Raises ProbeError."""
        late_s = max((one.late_s for one in list(self.arrivals)), default=0.0)
        if late_s > STALLED_S:
            message = f"{what}, but requests left {late_s:.1f} s late: this machine has no time for the load"
            raise ProbeError(message)


@contextmanager
def flowing(*streams: Stream) -> Iterator[Flow]:
    """Let the streams flow until the end of the block, and then wait for what is still on its way."""
    flow = Flow()
    pump = _Pump(streams, flow)
    thread = threading.Thread(target=asyncio.run, args=(pump.run(),), daemon=True)
    thread.start()
    try:
        yield flow
    finally:
        pump.stop()
        thread.join()


class _Pump:
    """All streams on one loop: each request is a task that starts when it is due, whatever became of the others."""

    def __init__(self, streams: tuple[Stream, ...], flow: Flow) -> None:
        self._streams, self._flow = streams, flow
        self._idle: dict[str, list[_Line]] = {one.name: [] for one in streams}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    async def run(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        began = time.monotonic()
        for one in self._streams:
            self._loop.call_soon(self._arrive, one, began, 0)
        if self._stopping.is_set():  # it was stopped before it ran
            return
        await self._stopped.wait()
        while self._tasks:
            await asyncio.wait(self._tasks)
        for line in (line for lines in self._idle.values() for line in lines):
            line.close()

    def stop(self) -> None:
        self._stopping.set()
        if self._loop is not None and self._stopped is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stopped.set)

    def _arrive(self, stream: Stream, began: float, number: int) -> None:
        if self._stopping.is_set() or self._loop is None:
            return
        due = began + number / stream.per_s
        task = self._loop.create_task(self._send(stream, due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        wait = began + (number + 1) / stream.per_s - time.monotonic()
        self._loop.call_later(max(0.0, wait), self._arrive, stream, began, number + 1)

    async def _send(self, stream: Stream, due: float) -> None:
        status, says, by, line, broke = 0, "", "", None, True
        late_s = time.monotonic() - due
        try:
            async with asyncio.timeout(stream.within_s):
                idle = self._idle[stream.name]
                line = idle.pop(0) if idle else await _Line.opened(stream)
                status, body = await line.ask(stream.request)
            by, says, broke = _who(body), "" if status in _GOOD else _one_line(body), False
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            says = f"{type(error).__name__}: {error}"
        shown = line.shown if line is not None and stream.fresh else None
        if line is not None and (stream.fresh or broke or line.ends):
            line.close()
        elif line is not None:
            self._idle[stream.name].append(line)
        seconds = time.monotonic() - due
        self._flow.arrivals.append(
            Arrival(
                stream=stream.name,
                at=datetime.now(UTC) - timedelta(seconds=seconds),
                seconds=seconds,
                late_s=late_s,
                status=status,
                says=says,
                by=by,
                shown=shown,
            )
        )


class _Line:
    """One connection, good for the next request unless it `ends`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.ends = False

    @classmethod
    async def opened(cls, stream: Stream) -> Self:
        name = _SNI if stream.tls else None
        return cls(*await asyncio.open_connection(stream.address, stream.port, ssl=stream.tls, server_hostname=name))

    @property
    def shown(self) -> x509.Certificate | None:
        found = self._writer.get_extra_info("ssl_object")
        der = found.getpeercert(True) if found is not None else None  # noqa: FBT003 - the DER form
        return x509.load_der_x509_certificate(der) if der else None

    async def ask(self, request: Request) -> tuple[int, str]:
        """The status and the body. Raises OSError or IncompleteReadError."""
        self._writer.write(request.wire)
        await self._writer.drain()
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        number = int(status.split(" ", 2)[1])
        body = b"" if request.method == "HEAD" or number in _NO_BODY else await self._body(headers)
        self.ends = headers.get("connection", "").lower() == "close"
        return number, body.decode("utf-8", "replace")

    async def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return await self._reader.readexactly(int(headers.get("content-length", "0")))
        body = b""
        while size := int((await self._reader.readuntil(b"\r\n")).strip(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")
        return body

    def close(self) -> None:
        self._writer.transport.abort()


def _one_line(body: str) -> str:
    return " ".join(body.split())[:_SAID]


def _who(body: str) -> str:
    """The version that Istio's echo server says in its answer, empty for any other."""
    found = (line.partition("=")[2] for line in body.splitlines() if line.startswith("ServiceVersion="))
    return next(found, "")
