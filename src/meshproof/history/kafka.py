"""The checker `kafka` after Jepsen: one log for each partition, the same for everybody, in which nothing is lost.

In the history, `by` of an acknowledged operation is the partition that took it and `position` its offset there.
Source: jepsen/src/jepsen/tests/kafka.clj.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Operation, Outcome
from meshproof.history.wording import counted_as, some

_OFFSET_BITS: Final = 48


@dataclass(frozen=True, slots=True)
class Polled:
    """One record as a consumer was given it; what one consumer was given is in the order in which it came."""

    consumer: str
    partition: str
    offset: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaVerdict:
    """What the logs say of a history.

    `lost`: acknowledged at an offset that is not above the highest polled one, and never polled. `unseen`: above it,
    so that nothing is known. `inconsistent`: (partition, offset) that held more than one value. `duplicated`: values
    at more than one offset. `unexpected`: polled and never sent, or refused. `backward`: polls of a consumer at an
    offset not above its last one in that partition. `skipped`: polls of a consumer that left out an offset which
    another found a record at. `reordered`: sends that were made after another had been acknowledged and lie before it.
    `recovered`: nothing was heard of it, and it was polled. Gaps between offsets are no fault: transactions leave them.
    """

    acknowledged: int
    polled: int
    lost: tuple[Operation, ...]
    unseen: tuple[Operation, ...]
    inconsistent: tuple[tuple[str, int], ...]
    duplicated: tuple[int, ...]
    unexpected: tuple[int, ...]
    backward: tuple[Polled, ...]
    skipped: tuple[Polled, ...]
    reordered: tuple[Operation, ...]
    recovered: tuple[int, ...]

    def complaints(self) -> list[str]:
        """One sentence for each kind of anomaly; each begins with a word that no other has."""
        kinds = (
            ("lost", self.lost, (one.value for one in self.lost), "acknowledged event"),
            ("at an offset with two values", self.inconsistent, (f"{p}@{o}" for p, o in self.inconsistent), "place"),
            ("there more than once", self.duplicated, iter(self.duplicated), "event"),
            ("that nobody sent", self.unexpected, iter(self.unexpected), "event"),
            ("polled backward", self.backward, (f"{one.partition}@{one.offset}" for one in self.backward), "record"),
            ("polled past others", self.skipped, (f"{one.partition}@{one.offset}" for one in self.skipped), "record"),
            ("out of order", self.reordered, (one.value for one in self.reordered), "event"),
        )
        return [f"{counted_as(len(found), noun)} {what}: {some(shown)}" for what, found, shown, noun in kinds if found]


def check_kafka(history: History, polls: Sequence[Polled]) -> KafkaVerdict:
    """Hold a history to all that consumers were given, in time linear but for sorting the acknowledgements.

    Raises ProbeError where nothing was sent or polled, and when a history that is cut leaves open whether a value
    came out of nowhere.
    """
    if not polls or not history.operations:
        message = "nothing was sent or nothing was polled, so that nothing is known of the stream"
        raise ProbeError(message)
    acknowledged = history.having(Outcome.OK)
    logs = _Logs(acknowledged, polls)
    outcomes = {one.value: one.outcome for one in history.operations}
    unexpected = tuple(value for value in logs.polled if outcomes.get(value, Outcome.FAIL) is Outcome.FAIL)
    missing = [one for one in acknowledged if one.value not in logs.polled]
    lost = tuple(one for one in missing if one.position <= logs.highest.get(one.by, -1))
    if history.cut and unexpected and not lost:
        message = f"{history.cut}, so that {counted_as(len(unexpected), 'value')} cannot be told from strangers"
        raise ProbeError(message)
    backward, skipped = logs.jumps(polls)
    return KafkaVerdict(
        acknowledged=len(acknowledged),
        polled=len(polls),
        lost=lost,
        unseen=tuple(one for one in missing if one.position > logs.highest.get(one.by, -1)),
        inconsistent=tuple(logs.inconsistent),
        duplicated=tuple(logs.duplicated),
        unexpected=unexpected,
        backward=tuple(backward),
        skipped=tuple(skipped),
        reordered=tuple(_reordered(acknowledged)),
        recovered=tuple(one.value for one in history.having(Outcome.INDETERMINATE) if one.value in logs.polled),
    )


class _Logs:
    """Every partition's log as acknowledgements and polls together say that it is.

    A place in a log is one number, the partition's and the offset: a million pairs would cost twice the memory.
    """

    def __init__(self, acknowledged: Iterable[Operation], polls: Iterable[Polled]) -> None:
        self._numbers: dict[str, int] = {}
        self._values: dict[int, int] = {}
        self._places: dict[int, int] = {}
        #: Ordered sets, as the keys of dictionaries.
        self.inconsistent: dict[tuple[str, int], None] = {}
        self.duplicated: dict[int, None] = {}
        self.polled: dict[int, None] = {}
        self.highest: dict[str, int] = {}
        for sent in acknowledged:
            if sent.position >= 0:
                self._put(sent.by, sent.position, sent.value)
        for poll in polls:
            self._put(poll.partition, poll.offset, poll.value)
            self.polled[poll.value] = None
            if poll.offset > self.highest.get(poll.partition, -1):
                self.highest[poll.partition] = poll.offset

    def _place(self, partition: str, offset: int) -> int:
        return (self._numbers.setdefault(partition, len(self._numbers)) << _OFFSET_BITS) | offset

    def _put(self, partition: str, offset: int, value: int) -> None:
        place = self._place(partition, offset)
        if self._values.setdefault(place, value) != value:
            self.inconsistent[partition, offset] = None
        if self._places.setdefault(value, place) != place:
            self.duplicated[value] = None

    def jumps(self, polls: Iterable[Polled]) -> tuple[list[Polled], list[Polled]]:
        """The polls that went backward, and those that left out a record that is there."""
        ranks = {place: at for at, place in enumerate(sorted(self._values))}
        last: dict[tuple[str, str], int] = {}
        backward, skipped = list[Polled](), list[Polled]()
        for one in polls:
            rank = ranks[self._place(one.partition, one.offset)]
            key = (one.consumer, one.partition)
            before = last.get(key)
            if before is not None and rank <= before:
                backward.append(one)
            elif before is not None and rank > before + 1:
                skipped.append(one)
            last[key] = rank
        return backward, skipped


def _reordered(acknowledged: Sequence[Operation]) -> Iterator[Operation]:
    """Sends that began after a later place of the same partition had been acknowledged."""
    placed = [one for one in acknowledged if one.position >= 0]
    ended = sorted(placed, key=_ended)
    highest: dict[str, int] = {}
    at = 0
    for one in sorted(placed, key=lambda one: one.sent_at_ns):
        while at < len(ended) and _ended(ended[at]) < one.sent_at_ns:
            highest[ended[at].by] = max(highest.get(ended[at].by, -1), ended[at].position)
            at += 1
        if one.position < highest.get(one.by, -1):
            yield one


def _ended(one: Operation) -> int:
    return one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns
