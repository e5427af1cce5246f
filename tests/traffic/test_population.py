"""Clients put down every write before they send it, tell refusals from silence, and follow the name as their class does."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from meshproof.history.ledger import Ledger, LedgerBroken
from meshproof.history.operation import History, Outcome, value_of
from meshproof.history.reading import read_ledger
from meshproof.probes.dns import Answer
from meshproof.targets.embedded.addresses import free_ports
from meshproof.traffic.line import Shop, Way
from meshproof.traffic.population import CLASSES, NEVER_RESOLVES, ClientClass, Population, Shape
from meshproof.waiting import throughout, until


class _Shop(BaseHTTPRequestHandler):
    """Acknowledges, refuses or hangs up, as its server says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: _Server = self.server  # type: ignore[assignment]
        value = json.loads(self.rfile.read(int(self.headers["content-length"])))["value"]
        server.taken.append(value)
        if server.mood == "silent":
            self.close_connection = True
            return
        fine = server.mood == "fine"
        body = json.dumps({"by": server.name, "epoch": 1, "position": 5} if fine else {"why": "fenced"}).encode()
        self.send_response(200 if fine else server.refusal)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int, name: str) -> None:
        super().__init__((address, port), _Shop)
        self.name, self.mood, self.refusal, self.taken = name, "fine", 421, list[int]()


@contextmanager
def shop(address: str, port: int, name: str) -> Iterator[_Server]:
    """One site's shop."""
    with _Server(address, port, name) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Name:
    """Where the name leads now."""

    def __init__(self, ttl_s: float) -> None:
        self.address, self.ttl_s = "127.0.0.1", ttl_s

    def __call__(self) -> Answer:
        return Answer(address=self.address, ttl_s=self.ttl_s)


def _shape(name: _Name, port: int, classes: Sequence[ClientClass] = CLASSES) -> Shape:
    way = Way(resolve=name, opens=Shop(port=port, path="/orders", within_s=1.0).open)
    return Shape(way=way, value=value_of, clients=2, every_s=0.02, classes=classes)


def _seen(history: History) -> Counter[tuple[str, str]]:
    return Counter((one.outcome.value, one.by) for one in history.operations)


@pytest.mark.parametrize(
    ("mood", "outcome"), [("fine", Outcome.OK), ("refuses", Outcome.FAIL), ("silent", Outcome.INDETERMINATE)]
)
def test_what_became_of_a_write_is_what_its_client_could_know(tmp_path: Path, mood: str, outcome: Outcome) -> None:
    """Yes, no, and silence after it was sent are three outcomes; whatever arrived had been put down before."""
    (port,) = free_ports(1)
    with shop("127.0.0.1", port, "primary") as server, Ledger(tmp_path / "ledger") as ledger:
        server.mood = mood
        with Population(_shape(_Name(1.0), port), ledger).writing():
            until(lambda: len(server.taken), lambda count: count >= 12, within_s=10.0)

    history = read_ledger(tmp_path / "ledger")
    assert {one.outcome for one in history.operations} == {outcome}
    assert {one.value for one in history.operations} == set(server.taken)


def test_nobody_listening_is_a_refusal(tmp_path: Path) -> None:
    """What was never sent was never written."""
    (port,) = free_ports(1)
    with Ledger(tmp_path / "ledger") as ledger, Population(_shape(_Name(1.0), port), ledger).writing():
        until(
            lambda: len(read_ledger(tmp_path / "ledger").having(Outcome.FAIL)), lambda count: count >= 6, within_s=10.0
        )

    assert {one.outcome for one in read_ledger(tmp_path / "ledger").operations} == {Outcome.FAIL}


def test_a_client_that_never_resolves_again_is_told_from_those_that_do(tmp_path: Path) -> None:
    """After the name has moved and the old site is gone, every class writes at the new one but this."""
    (port,) = free_ports(1)
    name = _Name(0.1)
    classes = (*CLASSES, NEVER_RESOLVES)
    with shop("127.0.0.2", port, "standby") as there, Ledger(tmp_path / "ledger") as ledger:
        population = Population(_shape(name, port, classes), ledger)
        with population.writing():
            with shop("127.0.0.1", port, "primary") as here:
                until(lambda: len(here.taken), lambda count: count >= 16, within_s=10.0)
                name.address = "127.0.0.2"
                here.mood = "silent"
            until(lambda: len({value >> 40 for value in there.taken}), lambda count: count == 6, within_s=10.0)

    history = read_ledger(tmp_path / "ledger")
    followed = {population.classes[one.client].name for one in history.having(Outcome.OK) if one.by == "standby"}
    assert followed == {one.name for one in CLASSES}
    assert _seen(history)["ok", "primary"] >= 16


def test_clients_that_are_held_come_back_together(tmp_path: Path) -> None:
    """Nothing is sent meanwhile; whoever waited is there at once."""
    (port,) = free_ports(1)
    with shop("127.0.0.1", port, "primary") as server, Ledger(tmp_path / "ledger") as ledger:
        population = Population(_shape(_Name(1.0), port), ledger)
        with population.writing():
            until(lambda: len(server.taken), lambda count: count >= 6, within_s=10.0)
            with population.held():
                throughout(lambda: True, bool, for_s=0.1)  # what had begun ends
                before = len(server.taken)
                quiet = throughout(lambda: len(server.taken), before.__eq__, for_s=0.3)
            until(lambda: len(server.taken), lambda count: count >= before + 6, within_s=0.5)

    assert quiet.held


def test_a_ledger_that_is_full_stops_the_clients() -> None:
    """What cannot be put down is not sent."""
    (port,) = free_ports(1)
    with (
        shop("127.0.0.1", port, "primary") as server,
        Ledger(Path("/dev/full")) as ledger,
        pytest.raises(LedgerBroken, match="No space left"),
        Population(_shape(_Name(1.0), port), ledger).writing(),
    ):
        throughout(lambda: server.taken, lambda taken: not taken, for_s=0.2)

    assert server.taken == []
