"""HTTP as a caller sees it: an answer, or in words why there is none."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import httpx

from meshproof.errors import ProbeError
from meshproof.probes.tls import names_of

_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back: `status` is 0 where nothing answered in HTTP, and `says` then tells why.

    `peer` holds the names in the server's certificate, DNS names and URIs; `seconds` is the whole exchange.
    """

    status: int
    says: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    peer: tuple[str, ...] = ()
    tls: str = ""

    @property
    def answered(self) -> bool:
        """Whether HTTP was spoken at all."""
        return self.status > 0

    def seen(self, of: str) -> Reply:
        """This reply, where somebody answered: that a dead server refuses shows nothing. Raises ProbeError."""
        if not self.answered:
            message = f"{of}: {self}, so that nothing was seen"
            raise ProbeError(message)
        return self

    def __str__(self) -> str:
        """One line for a report."""
        return f"HTTP {self.status}" if self.answered else f"no answer ({self.says})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: `path` goes over the wire as it is written, dots and escapes included."""

    host: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def wire(self) -> bytes:
        """What goes over a connection of HTTP/1.1."""
        headers = {"host": self.host, "content-length": str(len(self.body)), **self.headers}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Line:
    """One caller's connection to an address: opened with the first request, kept between them, closed at the end."""

    def __init__(
        self, address: str, port: int, *, tls: ssl.SSLContext | None = None, sni: str = "", within_s: float = _WITHIN_S
    ) -> None:
        """Nothing is opened yet."""
        self._url = f"{'http' if tls is None else 'https'}://{address}:{port}/"
        self._sni = sni if tls is not None else None
        self._client = httpx.Client(verify=tls if tls is not None else False, timeout=within_s, trust_env=False)

    def __enter__(self) -> Self:
        """Ready to ask."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connection."""
        self._client.close()

    def ask(self, request: Request) -> Reply:
        """Send one request, under whatever name is asked for."""
        extensions: dict[str, object] = {"target": request.path.encode()}
        if self._sni is not None:
            extensions["sni_hostname"] = self._sni or request.host.partition(":")[0]
        headers = {"host": request.host, **request.headers}
        try:
            with self._client.stream(
                request.method, self._url, headers=headers, content=request.body or None, extensions=extensions
            ) as got:
                peer, version = _peer(got)
                got.read()
                return Reply(
                    status=got.status_code,
                    headers=dict(got.headers),
                    body=got.text,
                    seconds=got.elapsed.total_seconds(),
                    peer=peer,
                    tls=version,
                )
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            return Reply(status=0, says=f"{type(error).__name__}: {error}")


def ask(  # noqa: PLR0913  what a connection is made of
    address: str,
    port: int,
    request: Request,
    *,
    tls: ssl.SSLContext | None = None,
    sni: str = "",
    within_s: float = _WITHIN_S,
) -> Reply:
    """Send one request over a connection of its own, to an address and whatever name is asked for."""
    with Line(address, port, tls=tls, sni=sni, within_s=within_s) as line:
        return line.ask(request)


def _peer(got: httpx.Response) -> tuple[tuple[str, ...], str]:
    """The names in the server's certificate, and the version of TLS."""
    stream = got.extensions.get("network_stream")
    found = stream.get_extra_info("ssl_object") if stream is not None else None
    if found is None:
        return (), ""
    der = found.getpeercert(True)  # noqa: FBT003 - the DER form
    return names_of(der), str(found.version())
