"""What a client may conclude from an answer: yes, no, or nothing certain; and that TLS names the shop."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from meshproof.components.authority import Authority
from meshproof.traffic.line import Shop

HOST = "shop.example"


class _Answering(BaseHTTPRequestHandler):
    """Answers with the status that its server has, and keeps the headers that it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        server: _Server = self.server  # type: ignore[assignment]
        server.headers = dict(self.headers)
        body = json.dumps({"by": "primary", "epoch": 3, "position": 7, "why": "so"}).encode()
        self.send_response(server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status, self.headers = status, dict[str, str]()


@contextmanager
def answering(status: int, tls: ssl.SSLContext | None = None) -> Iterator[_Server]:
    """A server that answers with this status."""
    with _Server(status) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "written", "is_over"),
    [
        (200, True, False),
        (403, False, False),
        (421, False, True),
        (429, False, False),
        (500, None, False),
        (502, None, False),
        (503, None, False),
        (504, None, False),
    ],
)
def test_only_what_is_certain_is_concluded(status: int, written: bool | None, is_over: bool) -> None:  # noqa: FBT001
    """A proxy says 503 for what it never sent and for what it lost the answer of: nobody can tell which."""
    with answering(status) as server:
        line = Shop(port=server.server_address[1], path="/orders", within_s=2.0).open("127.0.0.1", 0)
        said = line.write(5)
        line.close()

    assert (said.written, said.is_over) == (written, is_over)


def test_a_client_names_the_shop_and_checks_that_it_is_the_shop(tmp_path: Path) -> None:
    """Under another name than the certificate's there is no connection, and so nothing sent."""
    authority = Authority.new("root")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue(HOST, names=[HOST]).write(tmp_path, "shop"))
    trust = ssl.create_default_context(cadata=authority.root_pem)
    with answering(200, tls) as server:
        port = server.server_address[1]
        good = Shop(
            port=port, path="/", within_s=2.0, host=HOST, tls=trust, headers=lambda client: {"x-who": f"c{client}"}
        )
        line = good.open("127.0.0.1", 4)
        said = line.write(5)
        line.close()
        bad = Shop(port=port, path="/", within_s=2.0, host="other.example", tls=trust)
        with pytest.raises(ssl.SSLCertVerificationError):
            bad.open("127.0.0.1", 4)

    assert (said.by, said.epoch, said.position) == ("primary", 3, 7)
    assert (server.headers["host"], server.headers["x-who"]) == (HOST, "c4")
