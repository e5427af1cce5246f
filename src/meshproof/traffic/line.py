"""A client's connection that takes writes over HTTP, and what each answer lets the client know."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from meshproof.probes.dns import Answer

_ACKNOWLEDGED: Final = 200
#: The request was judged before anything of it was done. Every other status says nothing certain: a proxy says 503 also
#: for what it had sent on and lost the answer of, and 502 and 504 only then.
CERTAINLY_NOT: Final = frozenset({400, 401, 403, 404, 405, 421, 429})
#: The server has nothing against the request, but against it over this connection (RFC 9110, 15.5.20).
_MISDIRECTED: Final = 421


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What became of one write: `written` is None where its client cannot know.

    `is_over` says that the connection is of no more use.
    """

    written: bool | None
    why: str = ""
    by: str = ""
    epoch: int = 0
    position: int = -1
    is_over: bool = False


class Line(Protocol):
    """An open connection."""

    def write(self, value: int) -> Said:
        """Send one write and wait for its answer. Raises OSError where none comes."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How clients of a class get to their server: the address now, and a connection to it for a client by number.

    `opens` raises OSError where nothing takes the connection: then nothing was sent.
    """

    resolve: Callable[[], Answer]
    opens: Callable[[str, int], Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Where writes go at whatever address: a POST to `path` under the name `host`, with TLS that checks that name.

    `headers` are those of a client, by its number; a client waits `within_s` seconds for its connection and for
    each answer.
    """

    port: int
    path: str
    within_s: float
    host: str = ""
    tls: ssl.SSLContext | None = None
    headers: Callable[[int], Mapping[str, str]] = field(default=lambda _client: {})

    def open(self, address: str, client: int) -> Line:
        """A connection to the shop at an address. Raises OSError."""
        return _HttpLine(self, address, client)


class _HttpLine:
    def __init__(self, shop: Shop, address: str, client: int) -> None:
        self._shop, self._headers = shop, {"host": shop.host or f"{address}:{shop.port}", **shop.headers(client)}
        self._connection = http.client.HTTPConnection(address, shop.port, timeout=shop.within_s)
        line = socket.create_connection((address, shop.port), timeout=shop.within_s)
        try:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.sock = line if shop.tls is None else shop.tls.wrap_socket(line, server_hostname=shop.host)
        except OSError:
            line.close()
            raise

    def write(self, value: int) -> Said:
        try:
            self._connection.request("POST", self._shop.path, json.dumps({"value": value}), self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(words(error)) from error
        over = answer.will_close or answer.status == _MISDIRECTED
        return _said(answer.status, body, is_over=over)

    def close(self) -> None:
        with suppress(OSError):
            self._connection.close()


def words(error: Exception) -> str:
    """One line for the ledger."""
    return f"{type(error).__name__}: {error}"[:200]


def _said(status: int, body: bytes, *, is_over: bool) -> Said:
    try:
        told = json.loads(body)
    except ValueError:
        told = {"why": body[:200].decode(errors="replace")}
    if status == _ACKNOWLEDGED:
        by, epoch, position = str(told["by"]), int(told["epoch"]), int(told["position"])
        return Said(written=True, by=by, epoch=epoch, position=position, is_over=is_over)
    written = False if status in CERTAINLY_NOT else None
    return Said(written=written, why=f"{status}: {told.get('why', '')}", is_over=is_over)
