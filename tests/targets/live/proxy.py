"""A real HTTP proxy in front of an endpoint, which writes down every request that passes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx

_HOP_BY_HOP = ("connection", "content-encoding", "content-length", "host", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the proxy answers, and what passed it: method, path and, where the body names one, the action."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def recording(upstream: str) -> Iterator[Recorded]:
    """Answer on a port of 127.0.0.1 with what `upstream` answers, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            action = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
            found.requests.append(f"{self.command} {self.path} {action}".strip())
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
            answer = httpx.request(
                self.command, f"{upstream}{self.path}", content=body, headers=headers, timeout=20, trust_env=False
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

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
