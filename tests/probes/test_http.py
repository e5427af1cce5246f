"""What a caller saw, and what it did not."""

from __future__ import annotations

import gc
import socket
import ssl
import struct

import pytest

from meshproof.errors import ProbeError
from meshproof.probes.http import Request, ask


def test_that_nobody_answers_is_told_and_never_taken_for_a_refusal() -> None:
    """A port on which nothing listens."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        reply = ask("127.0.0.1", holder.getsockname()[1], Request(host="shop"))

    assert (reply.status, reply.answered) == (0, False)
    with pytest.raises(ProbeError, match=r"^the gateway: no answer \(ConnectError: .*\), so that nothing was seen$"):
        reply.seen("the gateway")


def test_a_peer_that_hangs_up_before_the_handshake_leaves_no_warning() -> None:
    """Python leaves that socket open, which is no fault of a check: seen as an error of a drill that had passed."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        taken, _ = server.accept()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        taken.close()
        with pytest.raises(ConnectionResetError):
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(client, server_hostname="shop")
    gc.collect()
