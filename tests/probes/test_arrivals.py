"""A stream arrives by the clock: a server that hangs or hangs up makes requests fail, never fewer of them."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from meshproof.components.authority import Authority
from meshproof.errors import ProbeError
from meshproof.probes.arrivals import STALLED_S, Stream, flowing
from meshproof.probes.http import Request
from meshproof.waiting import until

PER_S = 100.0


class _Answers(BaseHTTPRequestHandler):
    """Answers under the name of Istio's echo server; is told by the path to hang, to hang up, or to fail."""

    protocol_version = "HTTP/1.1"
    released = threading.Event()
    connections: set[int] = set()  # noqa: RUF012 - each server has a class of its own

    def do_GET(self) -> None:
        self.connections.add(self.client_address[1])
        if self.path == "/hang":
            self.released.wait(5)
        if self.path == "/hang-up":
            self.close_connection = True
            return
        self.send_response(503 if self.path == "/fail" else 200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        with suppress(OSError):  # the caller has given up
            self.wfile.write(b"12\r\nServiceVersion=a-0\r\n0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """A server that answers each connection in a thread of its own."""
    handler = type("Answers", (_Answers,), {"released": threading.Event(), "connections": set()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def stream(server: ThreadingHTTPServer, path: str = "/", **more: object) -> Stream:
    """A hundred requests a second of that server."""
    fields: dict[str, object] = {
        "name": "reads",
        "address": "127.0.0.1",
        "port": server.server_address[1],
        "request": Request(host="a", path=path),
        "per_s": PER_S,
    }
    return Stream(**(fields | more))  # type: ignore[arg-type]  # the fields of a Stream


def test_answers_are_counted_and_connections_kept(server: ThreadingHTTPServer) -> None:
    """One request follows the other over few connections, and each says who answered."""
    with flowing(stream(server)) as flow:
        until(lambda: len(flow.arrivals), lambda count: count >= 30, within_s=10)

    assert not flow.failed
    assert {one.by for one in flow.of("reads")} == {"a-0"}
    assert len(server.RequestHandlerClass.connections) < len(flow.arrivals)  # type: ignore[attr-defined]
    assert not flow.of("writes")


def test_requests_arrive_while_nobody_answers(server: ThreadingHTTPServer) -> None:
    """A hundred are due in a second, and all of them waited as long as the server hung."""
    with flowing(stream(server, "/hang")) as flow:
        began = time.monotonic()
        until(
            lambda: len(server.RequestHandlerClass.connections),  # type: ignore[attr-defined]
            lambda count: count >= 40,
            within_s=10,
        )
        hung_s = time.monotonic() - began
        assert not flow.arrivals
        server.RequestHandlerClass.released.set()  # type: ignore[attr-defined]

    assert len(flow.arrivals) >= 40
    assert max(one.seconds for one in flow.arrivals) >= hung_s
    assert not flow.failed


def test_failures_of_a_machine_that_stands_still_are_nobodys(server: ThreadingHTTPServer) -> None:
    """The generator itself was late: what failed meanwhile is unknown, what was answered is not."""
    with flowing(stream(server)) as flow:
        until(lambda: len(flow.arrivals), lambda count: count >= 5, within_s=10)
    flow.arrivals[0] = replace(flow.arrivals[0], late_s=STALLED_S + 0.1)
    assert not flow.failed

    flow.arrivals[1] = replace(flow.arrivals[1], status=503)

    with pytest.raises(ProbeError, match=r"HTTP 503, but requests left 1\.1 s late"):
        _ = flow.failed


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/hang-up", "no answer (IncompleteReadError"),
        ("/fail", "HTTP 503 (ServiceVersion=a-0)"),
        ("/hang", "TimeoutError"),
    ],
)
def test_what_is_not_answered_well_has_failed(server: ThreadingHTTPServer, path: str, says: str) -> None:
    """Each failure says what came instead, and the stream goes on."""
    with flowing(stream(server, path, within_s=0.2)) as flow:
        until(lambda: len(flow.failed), lambda count: count >= 5, within_s=10)

    assert len(flow.failed) == len(flow.arrivals) >= 5
    assert says in str(flow.failed[0])


def test_fresh_connections_show_each_new_certificate(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    """A certificate that the server takes up meanwhile is seen by the next connection."""
    authority = Authority.new("root")
    identities = [authority.issue("a", names=["127.0.0.1"]) for _ in range(2)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identities[0].write(tmp_path, "first"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(cadata=authority.root_pem)

    with flowing(stream(server, tls=client, fresh=True, per_s=20.0)) as flow:
        until(lambda: flow.shown("reads"), bool, within_s=10)
        context.load_cert_chain(*identities[1].write(tmp_path, "second"))
        until(lambda: len(flow.shown("reads")), lambda count: count == 2, within_s=10)

    serials = [one.certificate.serial_number for one in identities]
    assert [one.shown.serial_number for one in flow.shown("reads") if one.shown] == serials
