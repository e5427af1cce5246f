"""What a caller saw, and what it did not."""

from __future__ import annotations

import socket

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
