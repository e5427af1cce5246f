"""A population of clients that write through one name and put every write into the ledger, before and after."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from meshproof.errors import ProbeError
from meshproof.traffic.line import Line, Said, Way, words


class Keeps(Enum):
    """How long a client uses an address once it has asked for it."""

    ONE_CONNECTION = "until its next connection"
    FOR_ITS_TTL = "for its TTL"
    FOREVER = "for ever"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClass:
    """How a client finds its server: what it does with an address, and whether it keeps its connection."""

    name: str
    address: Keeps
    keeps_connection: bool


NEW_CONNECTION: Final = ClientClass(name="new connection", address=Keeps.ONE_CONNECTION, keeps_connection=False)
KEEP_ALIVE: Final = ClientClass(name="keep-alive", address=Keeps.FOR_ITS_TTL, keeps_connection=True)
CACHED_DNS: Final = ClientClass(name="cached DNS", address=Keeps.FOR_ITS_TTL, keeps_connection=False)
#: Not one of the platform's clients: what the others are told apart from.
NEVER_RESOLVES: Final = ClientClass(name="never re-resolves", address=Keeps.FOREVER, keeps_connection=False)
CLASSES: Final = (NEW_CONNECTION, KEEP_ALIVE, CACHED_DNS)


class Book(Protocol):
    """Where every write is put down before it is sent, and what became of it as soon as that is known."""

    def intend(self, value: int, client_class: str, endpoint: str) -> None: ...  # noqa: D102 - as in history.ledger
    def acknowledged(self, value: int, *, by: str, epoch: int, position: int) -> None: ...  # noqa: D102
    def refused(self, value: int, why: str) -> None: ...  # noqa: D102
    def unheard(self, value: int, why: str) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the population does: `clients` of each class, one write per client and `every_s` seconds.

    Clients go by `way`, those of a class that `ways` names by its own. `value` makes the unique value of a client's
    so-and-so-many-th write, both counted from 0.
    """

    way: Way
    value: Callable[[int, int], int]
    clients: int
    every_s: float
    classes: Sequence[ClientClass] = CLASSES
    ways: Mapping[str, Way] = field(default_factory=dict)


class Population:
    """Clients as threads. `classes` maps the number of each client to its class."""

    def __init__(self, shape: Shape, book: Book) -> None:
        """Nobody writes before `writing`."""
        self._shape, self._book = shape, book
        self._over = threading.Event()
        self._may_go = threading.Event()
        self._may_go.set()
        self.classes = dict(enumerate(one for one in shape.classes for _ in range(shape.clients)))
        self._broke: list[Exception] = []

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write until the end of the block; then every client ends with its last answer.

        Raises what a client met that is no answer: a ledger that cannot be written, a defect.
        """
        threads = [
            threading.Thread(target=self._live, args=(number, one), daemon=True) for number, one in self.classes.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
            if self._broke:
                raise self._broke[0]  # also where the block waited in vain: this is why

    @contextmanager
    def held(self) -> Iterator[None]:
        """No client begins a write until the end of the block; then all of them do, in the same moment."""
        self._may_go.clear()
        try:
            yield
        finally:
            self._may_go.set()

    def _live(self, number: int, kind: ClientClass) -> None:
        way = self._shape.ways.get(kind.name, self._shape.way)
        client = _Client(way, self._book, kind, number)
        # Spread over one turn, so that the clients do not write in step.
        due_s = time.monotonic() + self._shape.every_s * number / max(1, len(self.classes))
        sequence = 0
        with client.open_to_the_end():
            while not self._over.wait(max(0.0, due_s - time.monotonic())):
                self._may_go.wait()
                try:
                    client.write(self._shape.value(number, sequence))
                except Exception as error:  # noqa: BLE001 - raised where the block ends
                    self._broke.append(error)
                    return
                sequence += 1
                due_s = max(due_s + self._shape.every_s, time.monotonic())


class _Client:
    def __init__(self, way: Way, book: Book, kind: ClientClass, number: int) -> None:
        self._way, self._book, self._kind, self._number = way, book, kind, number
        self._line: Line | None = None
        self._known: tuple[str, float] | None = None

    @contextmanager
    def open_to_the_end(self) -> Iterator[None]:
        """Close what is still open at the end."""
        try:
            yield
        finally:
            self._close()

    def write(self, value: int) -> None:
        """One write, from its intent to what became of it."""
        address = self._address()
        self._book.intend(value, self._kind.name, address)
        if not address:
            self._book.refused(value, "the name has no address")
            return
        if self._line is None:
            try:
                self._line = self._way.opens(address, self._number)
            except OSError as error:
                self._book.refused(value, words(error))  # nothing was sent, so that nothing was written
                return
        self._send(self._line, value)

    def _send(self, line: Line, value: int) -> None:
        try:
            said = line.write(value)
        except OSError as error:
            self._close()
            self._book.unheard(value, words(error))
            return
        if said.is_over or not self._kind.keeps_connection:
            self._close()
        self._settle(value, said)

    def _address(self) -> str:
        if self._line is not None and self._known is not None:
            return self._known[0]
        if self._known is not None and self._kind.address is not Keeps.ONE_CONNECTION:
            address, until_s = self._known
            if self._kind.address is Keeps.FOREVER or time.monotonic() < until_s:
                return address
        try:
            answer = self._way.resolve()
        except ProbeError:
            return ""
        self._known = (answer.address, time.monotonic() + answer.ttl_s)
        return answer.address

    def _settle(self, value: int, said: Said) -> None:
        match said.written:
            case True:
                self._book.acknowledged(value, by=said.by, epoch=said.epoch, position=said.position)
            case False:
                self._book.refused(value, said.why)
            case None:
                self._book.unheard(value, said.why)

    def _close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
