"""The checker `counter` after Jepsen: every read lies between what was certainly and what was possibly added.

Source: jepsen/src/jepsen/checker.clj (counter).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.operation import Outcome
from meshproof.history.wording import counted_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """One addition, which may be negative; instants as in `Operation`, `ended_at_ns` None where nothing was heard."""

    amount: int
    sent_at_ns: int
    ended_at_ns: int | None
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterRead:
    """One read of the counter."""

    value: int
    began_at_ns: int
    ended_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterError:
    """A read with the bounds that its value is outside of."""

    read: CounterRead
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterVerdict:
    """How many reads there were and which of them cannot have been, in the order in which they began."""

    reads: int
    errors: tuple[CounterError, ...]

    def complaints(self) -> list[str]:
        """One sentence with the first of them."""
        if not self.errors:
            return []
        first = self.errors[0]
        found = f"the first is {first.read.value}, which is not within {first.lowest} and {first.highest}"
        return [f"{counted_as(len(self.errors), 'read')} of {self.reads} that cannot be: {found}"]


def check_counter(additions: Iterable[Addition], reads: Sequence[CounterRead]) -> CounterVerdict:
    """Hold every read to the additions. A refused one was never made. Raises ProbeError where nothing was read."""
    if not reads:
        message = "the counter was never read, so that nothing is known of it"
        raise ProbeError(message)
    made = [one for one in additions if one.outcome is not Outcome.FAIL]
    ordered = sorted(reads, key=lambda one: one.began_at_ns)
    certain = _certain(made, [one.began_at_ns for one in ordered])
    ends = sorted(range(len(ordered)), key=lambda at: ordered[at].ended_at_ns)
    possible = dict(zip(ends, _possible(made, [ordered[at].ended_at_ns for at in ends]), strict=True))
    errors = []
    for at, (read, (plus, minus)) in enumerate(zip(ordered, certain, strict=True)):
        more, less = possible[at]
        # What was certainly added counts for the lower bound, what was possibly taken away too.
        lowest, highest = plus + less, more + minus
        if not lowest <= read.value <= highest:
            errors.append(CounterError(read=read, lowest=lowest, highest=highest))
    return CounterVerdict(reads=len(ordered), errors=tuple(errors))


def _certain(made: Sequence[Addition], instants: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The positive and the negative sum of what had been acknowledged at each of these rising instants."""
    known = sorted(
        (one.ended_at_ns, one.amount) for one in made if one.outcome is Outcome.OK and one.ended_at_ns is not None
    )
    return _sums(known, instants)


def _possible(made: Sequence[Addition], instants: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The same of what had been sent."""
    return _sums(sorted((one.sent_at_ns, one.amount) for one in made), instants)


def _sums(changes: Sequence[tuple[int, int]], instants: Iterable[int]) -> Iterator[tuple[int, int]]:
    at = plus = minus = 0
    for instant in instants:
        while at < len(changes) and changes[at][0] <= instant:
            amount = changes[at][1]
            plus, minus = plus + max(0, amount), minus + min(0, amount)
            at += 1
        yield plus, minus
