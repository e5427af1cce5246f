"""Defects planted into a recorded history: what a checker that sees nothing would let pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final, NoReturn, TypeVar

from meshproof.errors import ProbeError
from meshproof.history.evidence import CHECKERS, Recorded
from meshproof.history.kafka import Polled
from meshproof.history.operation import Operation, Outcome, value_of

T = TypeVar("T")
_SECOND_NS: Final = 1_000_000_000
#: Clients that no history has.
_STRANGER: Final = 9_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One defect; `checker` is the one that has to name it, with `says` among its words."""

    name: str
    checker: str
    says: str
    plant: Callable[[Recorded, Random], Recorded]

    def missed(self, clean: Recorded, chance: Random) -> str:
        """What is wrong with the checker: nothing where it finds the defect. Raises ProbeError where none fits in."""
        said = CHECKERS[self.checker](self.plant(clean, chance))
        if any(self.says in line for line in said):
            return ""
        return f"{self.checker} does not find: {self.name}; it says {'; '.join(said) or 'nothing'}"


def _drop(found: Recorded, chance: Random) -> Recorded:
    gone = chance.choice(_delivered(found)).value
    return replace(found, polls=tuple(one for one in found.polls if one.value != gone))


def _drop_in_the_middle(found: Recorded, chance: Random) -> Recorded:
    """One is lost although another, which was sent after it had been acknowledged to the same store, is there."""
    same = {_key(one): one for one in found.history.having(Outcome.OK)}
    last = {key: one.sent_at_ns for key, one in same.items()}
    for one in found.history.having(Outcome.OK):
        last[_key(one)] = max(last[_key(one)], one.sent_at_ns)
    early = [one for one in found.history.having(Outcome.OK) if _ended(one) < last[_key(one)]]
    gone = _any(chance, early).value
    return replace(found, polls=tuple(one for one in found.polls if one.value != gone))


def _twice(found: Recorded, chance: Random) -> Recorded:
    one = chance.choice(_delivered(found))
    end = max(each.offset for each in found.polls if each.partition == one.partition)
    return replace(found, polls=(*found.polls, replace(one, offset=end + 1)))


def _swap(found: Recorded, chance: Random) -> Recorded:
    """Two that followed each other have each other's place in the log."""
    by_log = sorted((one for one in found.history.having(Outcome.OK)), key=lambda one: (one.by, one.position))
    followed = [(a, b) for a, b in pairwise(by_log) if a.by == b.by and _ended(a) < b.sent_at_ns]
    first, second = _any(chance, followed)
    places = {first.value: second.position, second.value: first.position}
    moved = tuple(
        replace(one, position=places[one.value]) if one.value in places else one for one in found.history.operations
    )
    polls = [replace(one, offset=places[one.value]) if one.value in places else one for one in found.polls]
    # The logs are read in their new order: only the order of the commits is wrong.
    return replace(
        found,
        history=replace(found.history, operations=moved),
        polls=tuple(sorted(polls, key=lambda one: (one.consumer, one.partition, one.offset))),
    )


def _strange(found: Recorded, chance: Random) -> Recorded:
    one = chance.choice(found.polls)
    end = max(each.offset for each in found.polls if each.partition == one.partition)
    return replace(found, polls=(*found.polls, replace(one, offset=end + 1, value=value_of(_STRANGER, 0))))


def _overwritten(found: Recorded, chance: Random) -> Recorded:
    one = chance.choice(_delivered(found))
    return replace(found, polls=(*found.polls, replace(one, consumer="other", value=value_of(_STRANGER, 1))))


def _skipped(found: Recorded, chance: Random) -> Recorded:
    """Another consumer is given a record, and then the one after the next."""
    rows = sorted(found.polls, key=lambda one: (one.partition, one.offset))
    apart = [(a, c) for a, c in zip(rows, rows[2:], strict=False) if a.partition == c.partition]
    first, third = _any(chance, apart)
    return replace(found, polls=(*found.polls, *(replace(one, consumer="hasty") for one in (first, third))))


def _stale(found: Recorded, chance: Random) -> Recorded:
    """A read misses what an earlier one had seen, and the last one sees it again."""
    if not found.reads:
        raise ProbeError(_NO_PLACE)
    value = chance.choice(sorted(found.reads[0].values))
    at = chance.randrange(1, len(found.reads) - 1)
    reads = list(found.reads)
    reads[at] = replace(reads[at], values=reads[at].values - {value})
    return replace(found, reads=tuple(reads))


def _second_writer(found: Recorded, chance: Random) -> Recorded:
    """The older term goes on acknowledging for a second after the newer one has begun."""
    newer = min((_ended(one) for one in found.history.operations if one.epoch > 1), default=None)
    if newer is None:
        raise ProbeError(_NO_PLACE)
    every_ns = chance.randrange(_SECOND_NS // 100, _SECOND_NS // 10)
    zombie = [
        Operation(
            value=value_of(_STRANGER, n),
            client_class="zombie",
            endpoint="",
            sent_at_ns=newer + n * every_ns,
            ended_at_ns=newer + n * every_ns + 1,
            outcome=Outcome.OK,
            epoch=1,
        )
        for n in range(1, _SECOND_NS // every_ns + 1)
    ]
    return replace(found, history=replace(found.history, operations=(*found.history.operations, *zombie)))


def _forgotten(found: Recorded, chance: Random) -> Recorded:
    at = chance.randrange(len(found.counted))
    counted = list(found.counted)
    counted[at] = replace(counted[at], value=counted[at].value - 1)
    return replace(found, counted=tuple(counted))


def _half(found: Recorded, chance: Random) -> Recorded:
    at = chance.randrange(len(found.snapshots))
    rows = list(found.snapshots)
    rows[at] = replace(rows[at], balances={**rows[at].balances, "a": rows[at].balances["a"] - 1})
    return replace(found, snapshots=tuple(rows))


def _same_identifier(found: Recorded, chance: Random) -> Recorded:
    return replace(found, issued=(*found.issued, chance.choice(found.issued)))


_NO_PLACE: Final = "the history is too short for this defect: nothing is known of whether it would be found"

DEFECTS: Final = (
    Defect(name="an acknowledged write is dropped", checker="set", says="lost", plant=_drop),
    Defect(name="an acknowledged event is dropped", checker="total-queue", says="never delivered", plant=_drop),
    Defect(name="a write in the middle is dropped", checker="loss", says="later commit", plant=_drop_in_the_middle),
    Defect(name="an event is there twice", checker="kafka", says="there more than once", plant=_twice),
    Defect(name="an event is delivered twice", checker="total-queue", says="delivered again", plant=_twice),
    Defect(name="two commits are swapped", checker="kafka", says="out of order", plant=_swap),
    Defect(name="an event of nobody", checker="kafka", says="that nobody sent", plant=_strange),
    Defect(name="two values at one offset", checker="kafka", says="two values", plant=_overwritten),
    Defect(name="a record is skipped", checker="kafka", says="polled past", plant=_skipped),
    Defect(name="a stale read", checker="set-full", says="stale", plant=_stale),
    Defect(name="a second writer for a second", checker="two-writers", says="two writers", plant=_second_writer),
    Defect(name="an addition is forgotten", checker="counter", says="cannot be", plant=_forgotten),
    Defect(name="half a transfer", checker="bank", says="another total", plant=_half),
    Defect(
        name="an identifier is given out twice", checker="unique-ids", says="more than once", plant=_same_identifier
    ),
)


def _delivered(found: Recorded) -> list[Polled]:
    """What was acknowledged and polled."""
    acknowledged = {one.value for one in found.history.having(Outcome.OK)}
    return [one for one in found.polls if one.value in acknowledged] or _nothing()


def _any(chance: Random, rows: list[T]) -> T:
    return chance.choice(rows or _nothing())


def _nothing() -> NoReturn:
    raise ProbeError(_NO_PLACE)


def _key(one: Operation) -> tuple[str, int]:
    return one.by, one.epoch


def _ended(one: Operation) -> int:
    return one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns
