"""A web server on the loopback that can misbehave."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: How long a silent answer holds its connection, in seconds, unless the server is closed before.
HOLD_S = 30.0


@dataclass(slots=True, kw_only=True)
class Answer:
    """What is answered for a path: `breaks_off_after` bytes of it, then the connection ends, `times` times.

    With `waits_for` set, the rest after `breaks_off_after` bytes comes only when that event does.
    Who does not bring the token `bearer` is told where to get one: `challenge`.
    """

    body: bytes
    status: int = 200
    ranges: bool = True
    breaks_off_after: int | None = None
    times: int = 99
    waits_for: threading.Event | None = None
    bearer: str = ""
    challenge: str = ""


@dataclass(slots=True, kw_only=True)
class ReleaseServer:
    """Answers by path; `asked` has the path and Range header of every request."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def gives(self, path: str, body: bytes, **manner: object) -> str:
        """Answer the path with these bytes; returns its URL."""
        self.answers[path] = Answer(body=body, **manner)  # type: ignore[arg-type]
        return f"{self.url}{path}"


@contextmanager
def release_server() -> Iterator[ReleaseServer]:
    """The server, until the end of the block."""
    state = ReleaseServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(ConnectionError):  # a client that was killed
                respond(self, state)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield state
        finally:
            for answer in state.answers.values():
                if answer.waits_for is not None:
                    answer.waits_for.set()
            server.shutdown()
            thread.join()


def respond(handler: BaseHTTPRequestHandler, state: ReleaseServer) -> None:
    """One answer."""
    asked = handler.headers.get("Range", "")
    state.asked.append((handler.path, asked))
    answer = state.answers.get(handler.path.partition("?")[0]) or Answer(body=b"no such file", status=404)
    if answer.bearer and handler.headers.get("Authorization") != f"Bearer {answer.bearer}":
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", answer.challenge)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    begin = int(asked[6:-1]) if asked and answer.ranges else 0
    if begin > len(answer.body):
        handler.send_error(416)
        return
    body = answer.body[begin:]
    handler.send_response(206 if begin else answer.status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    stop = answer.breaks_off_after if answer.times > 0 else None
    answer.times -= 1
    handler.wfile.write(body[:stop])
    handler.wfile.flush()
    state.arrived.set()
    if stop is not None and answer.waits_for is not None:
        answer.waits_for.wait(HOLD_S)
        handler.wfile.write(body[stop:])
