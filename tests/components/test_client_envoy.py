"""Real Envoys before a name: both ways of resolving follow it once their connections end, and a frozen relay says nothing."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import httpx
import pytest

from meshproof.components.authority import Authority
from meshproof.components.client_envoy import Named, in_front_of, relay
from meshproof.components.dns import serving
from meshproof.faults.frozen import frozen
from meshproof.probes.dns import Answer
from meshproof.probes.plain import look
from meshproof.targets.embedded.addresses import free_ports, leased
from meshproof.toolchain import find
from meshproof.toolchain.needs import is_here
from meshproof.waiting import until

HOST = "shop.example"
pytestmark = pytest.mark.skipif(not is_here("envoy"), reason="envoy missing; run: meshproof fetch")


class _Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(self.server.server_address[0]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def site(address: str, port: int, tls: ssl.SSLContext) -> Iterator[None]:
    """A site that says its own address."""
    with ThreadingHTTPServer((address, port), _Site) as server:
        server.daemon_threads = True
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", ["STRICT_DNS", "LOGICAL_DNS"])
def test_a_name_that_moved_is_followed(tmp_path: Path, kind: Literal["STRICT_DNS", "LOGICAL_DNS"]) -> None:
    """Both sites go on answering: without an end of its connections the logical one would stay where it is."""
    authority = Authority.new("root")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*authority.issue(HOST, names=[HOST]).write(tmp_path, "site"))
    port, dns_port, local, admin = free_ports(4)
    with leased() as addresses, ExitStack() as stack:
        here, there, dns = addresses.take(), addresses.take(), addresses.take()
        for one in (here, there):
            stack.enter_context(site(one, port, tls))
        leads_to = [here]
        names = {HOST: lambda: Answer(address=leads_to[-1], ttl_s=1.0)}
        stack.enter_context(serving(names, address=dns, port=dns_port))
        named = Named(
            kind=kind,
            host=HOST,
            port=port,
            resolver=(dns, dns_port),
            refresh_s=0.1,
            connections_last_s=0.5,
            answer_within_s=2.0,
            root=authority.root_pem,
        )
        proxy = in_front_of(find("envoy").path, named, port=local, admin=admin, directory=tmp_path / "envoy")
        stack.enter_context(proxy)

        def answered() -> object:
            answer = look(f"http://127.0.0.1:{local}/", within_s=2.0)
            return answer.json() if answer.status_code == httpx.codes.OK else answer.text

        until(answered, here.__eq__, within_s=10.0)
        leads_to.append(there)
        moved = until(answered, there.__eq__, within_s=10.0)

    assert moved.value == there


def test_a_frozen_relay_neither_answers_nor_refuses(tmp_path: Path) -> None:
    """The kernel still takes the connection: only the caller's own patience ends it."""
    port, admin = free_ports(2)
    with leased() as addresses, socket.create_server((addresses.take(), port)) as server:
        server.settimeout(5)
        where = (server.getsockname()[0], port)
        at = addresses.take()
        with relay(
            find("envoy").path, at, to=where, admin=admin, directory=tmp_path / "relay", within_s=1.0
        ) as process:
            with socket.create_connection((at, port), timeout=5) as line:
                line.sendall(b"x")
                got = server.accept()[0]
                passed_on = got.recv(1)
                got.close()
            with frozen([process.pid]), socket.create_connection((at, port), timeout=1) as line:
                line.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    line.recv(1)

    assert passed_on == b"x"
