"""Who answers to a server name, as a caller opens TLS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.components.authority import Authority
from meshproof.probes.tls import handshake

NAMES = ("shop.example", "spiffe://shop/ns/a/sa/b")
SIDECAR = "istio"


@pytest.fixture(scope="module")
def root() -> Authority:
    """Who signs."""
    return Authority.new("root")


@pytest.fixture
def port(root: Authority, tmp_path: Path) -> Iterator[int]:
    """A server that speaks to one server name and one protocol."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*root.issue("server", names=NAMES).write(tmp_path, "server"))
    server.set_alpn_protocols([SIDECAR])

    def choose(line: ssl.SSLObject | ssl.SSLSocket, name: str, _: ssl.SSLContext) -> int | None:
        del line
        return None if name == NAMES[0] else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    server.sni_callback = choose  # type: ignore[assignment]  # the stubs want the line to be of one kind
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, server), daemon=True).start()
        yield listener.getsockname()[1]


def _serve(listener: socket.socket, server: ssl.SSLContext) -> None:
    line, _ = listener.accept()
    line.settimeout(5.0)
    try:
        with server.wrap_socket(line, server_side=True) as secured:
            secured.recv(1)
    except OSError:
        line.close()


def client(root: Authority) -> ssl.SSLContext:
    """A caller that trusts the root and checks no name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=root.root_pem)
    return context


def test_the_server_shows_its_names(root: Authority, port: int) -> None:
    """DNS names, then URIs."""
    found = handshake("127.0.0.1", port, client(root), sni=NAMES[0], alpn=(SIDECAR,))

    assert (found.done, found.peer) == (True, NAMES)
    assert str(found) == f"TLSv1.3 of {', '.join(NAMES)}"


@pytest.mark.parametrize("sni", ["elsewhere.example", ""])
def test_a_name_that_the_server_does_not_have_is_told(root: Authority, port: int, sni: str) -> None:
    """As is that no name was sent."""
    found = handshake("127.0.0.1", port, client(root), sni=sni)

    assert not found.done
    assert str(found).startswith("no TLS (SSL")


def test_a_server_of_another_root_is_not_taken_for_good(port: int) -> None:
    """The caller looks at the certificate."""
    found = handshake("127.0.0.1", port, client(Authority.new("another")), sni=NAMES[0])

    assert "certificate verify failed" in found.says


def test_that_nobody_answers_is_told(root: Authority) -> None:
    """A port on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        found = handshake("127.0.0.1", holder.getsockname()[1], client(root))

    assert found.says.startswith("ConnectionRefusedError")
