"""A load counts every reply, tells them apart, and does not take a broken connection for an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from meshproof.errors import ProbeError
from meshproof.probes.burst import Load, burst
from meshproof.probes.http import Request

MARK = "x-refused-by"


class _Limited(BaseHTTPRequestHandler):
    """Answers ten requests with 200, and the others with 429 and a mark; hangs up where it is asked to."""

    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    left = 10

    def do_GET(self) -> None:
        if self.path == "/hang-up":
            self.close_connection = True
            return
        with self.lock:
            taken = type(self).left > 0
            type(self).left -= 1
        self.send_response(200 if taken else 429)
        if not taken:
            self.send_header(MARK, "pod")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    """A server that takes ten requests."""
    handler = type("Limited", (_Limited,), {"left": 10})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("ahead", [1, 7])
def test_every_reply_is_counted_by_status_and_by_mark(port: int, ahead: int) -> None:
    """Ten were taken and forty refused, however many are sent ahead."""
    load = Load(request=Request(host="a"), count=50, connections=3, mark=MARK, ahead=ahead)

    found = burst("127.0.0.1", port, load)

    assert found.statuses == {200: 10, 429: 40}
    assert found.marked == {"pod": 40}
    assert found.total == 50
    assert 0 < found.sent_s <= found.seconds
    assert str(found).startswith("10 times 200, 40 times 429 in ")


def test_a_connection_that_breaks_is_no_answer(port: int) -> None:
    """The server hangs up without a word."""
    load = Load(request=Request(host="a", path="/hang-up"), count=2, connections=1)

    with pytest.raises(ProbeError, match="a connection of the load broke"):
        burst("127.0.0.1", port, load)


def test_nobody_there_is_no_answer() -> None:
    """Nothing listens on the port."""
    with pytest.raises(ProbeError, match="a connection of the load broke"):
        burst("127.0.0.1", 1, Load(request=Request(host="a"), count=1, connections=1))
