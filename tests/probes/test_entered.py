"""The network of another process: what is asked in there, and what is said where it may not be entered."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from meshproof.errors import ProbeError
from meshproof.probes.entered import entered
from meshproof.probes.http import Request, ask
from meshproof.process import Running
from meshproof.targets.kind.ways import Ways
from meshproof.waiting import until

HERE = "127.0.0.1"
PORT = 18_099
#: Prints a line once it listens, at a port that nobody has outside.
SERVER = f"""
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from within")
server = http.server.HTTPServer(("{HERE}", {PORT}), Handler)
print("listens", flush=True)
server.serve_forever()
"""


@contextmanager
def elsewhere(directory: Path) -> Iterator[Path]:
    """A server in a network of its own, and that network."""
    log = directory / "server.log"
    words = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" -c "$1"', sys.executable, SERVER]
    with Running(words, log=log) as server:
        until(log.read_text, lambda said: "listens" in said, within_s=30, what="the server")
        yield Path(f"/proc/{server.pid}/ns/net")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter another network")
def test_what_listens_in_there_answers(tmp_path: Path) -> None:
    """Each call is a connection of its own; from outside nobody answers at that port."""
    with elsewhere(tmp_path) as namespace, entered(namespace) as network, Ways() as ways:
        port = ways.lead(HERE, 0, partial(network.carry, HERE, PORT))
        replies = [ask(HERE, port, Request(host="x", path="/")) for _ in range(3)]

        assert [(one.status, one.body) for one in replies] == [(200, "from within")] * 3
        assert not ask(HERE, PORT, Request(host="x", path="/")).answered


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may enter another network")
def test_a_refusal_in_there_is_the_called_ones_own(tmp_path: Path) -> None:
    """The asker sees it as a connection that is closed; nothing was lost on the way."""
    with elsewhere(tmp_path) as namespace, entered(namespace) as network, Ways() as ways:
        port = ways.lead(HERE, 0, partial(network.carry, HERE, PORT + 1))

        assert not ask(HERE, port, Request(host="x", path="/")).answered
        assert ways.lost(HERE) == []


def test_a_network_that_is_not_there_is_said(tmp_path: Path) -> None:
    """By its path."""
    with (
        pytest.raises(ProbeError, match=r"net: its network may not be entered: No such file"),
        entered(tmp_path / "net"),
    ):
        pass
