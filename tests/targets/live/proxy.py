"""A real HTTP proxy in front of an endpoint, which writes down every request that passes, and may refuse some."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx

_HOP_BY_HOP = ("connection", "content-encoding", "content-length", "host", "transfer-encoding")
_XML = "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the proxy answers, and what passed it: method, path and, where another part names one, the action."""

    url: str
    requests: list[str] = field(default_factory=list)


def nothing(_: str) -> bool:
    """Refuse nothing."""
    return False


@contextmanager
def recording(
    upstream: str, *, refuses: Callable[[str], bool] = nothing, code: str = "AccessDenied"
) -> Iterator[Recorded]:
    """Answer on a port of 127.0.0.1 with what `upstream` answers, until the end of the block.

    What `refuses` says of a written line is answered as AWS does it in the protocol of the request, with `code`.
    """

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            action = parse_qs(body.decode(errors="replace")).get("Action", [target])[0]
            line = f"{self.command} {self.path} {action}".strip()
            found.requests.append(line)
            if refuses(line):
                self._answer(*_refusal(self.headers.get("Content-Type", ""), self.command, code))
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = httpx.request(
                self.command, f"{upstream}{self.path}", content=body, headers=headers, timeout=20, trust_env=False
            )
            self._answer(answer.status_code, dict(answer.headers), answer.content)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _pass  # noqa: N815 - as http.server calls them

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server has it
            """It writes down requests, not lines."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Recorded(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


def _refusal(sent: str, method: str, code: str) -> tuple[int, dict[str, str], bytes]:
    if method == "HEAD":
        return 403, {}, b""
    if "json" in sent:
        return 400, {"Content-Type": sent}, f'{{"__type": "{code}Exception", "message": "no"}}'.encode()
    return 403, {"Content-Type": "text/xml"}, _XML.format(code=code).encode()
