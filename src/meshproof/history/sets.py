"""The checkers `set` and `set-full` after Jepsen: what was lost, doubled, out of nowhere or seen late.

Source: jepsen/src/jepsen/checker.clj (set, set-full).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Operation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVerdict:
    """What a last read says of a history; each list is in the order of the history.

    `lost`: acknowledged and not there. `duplicated`: there more than once. `unexpected`: there although never sent,
    or although the store had refused it. `recovered`: nothing was heard of it, and it is there; that is no fault.
    `indeterminate`: how many writes nothing is known of but by that read.
    """

    acknowledged: int
    lost: tuple[Operation, ...]
    duplicated: tuple[int, ...]
    unexpected: tuple[int, ...]
    recovered: tuple[int, ...]
    indeterminate: int

    @property
    def kept(self) -> bool:
        """Nothing was lost, doubled or came out of nowhere."""
        return not (self.lost or self.duplicated or self.unexpected)

    def complaints(self) -> list[str]:
        """One sentence for each kind of anomaly."""
        said = []
        if self.lost:
            said.append(f"{_count(len(self.lost), 'acknowledged write')} lost: {_some(one.value for one in self.lost)}")
        if self.duplicated:
            said.append(f"{_count(len(self.duplicated), 'write')} there more than once: {_some(self.duplicated)}")
        if self.unexpected:
            said.append(f"{_count(len(self.unexpected), 'write')} that nobody made: {_some(self.unexpected)}")
        return said


def check_set(history: History, final: Iterable[int] | None) -> SetVerdict:
    """Hold a history to the last read of the whole set, taken when nothing was under way any more.

    Raises ProbeError without such a read, of an empty history, and when a history that is cut leaves open whether a
    value came out of nowhere: its intent may be what was cut off.
    """
    if final is None:
        message = "the set was never read to its end, so that nothing is known of what was lost"
        raise ProbeError(message)
    if not history.operations:
        message = "nothing was written, so that nothing could be lost"
        raise ProbeError(message)
    counted: dict[int, int] = {}
    for value in final:
        counted[value] = counted.get(value, 0) + 1
    verdict = _compared(history.operations, counted)
    if history.cut and verdict.unexpected and not verdict.lost and not verdict.duplicated:
        message = f"{history.cut}, so that {len(verdict.unexpected)} values cannot be told from strangers"
        raise ProbeError(message)
    return verdict


def _compared(operations: Sequence[Operation], counted: dict[int, int]) -> SetVerdict:
    lost: list[Operation] = []
    recovered: list[int] = []
    refused: list[int] = []
    attempted = set[int]()
    acknowledged = indeterminate = 0
    for one in operations:
        attempted.add(one.value)
        there = one.value in counted
        if one.outcome is Outcome.OK:
            acknowledged += 1
            if not there:
                lost.append(one)
        elif one.outcome is Outcome.INDETERMINATE:
            indeterminate += 1
            if there:
                recovered.append(one.value)
        elif there:
            refused.append(one.value)
    return SetVerdict(
        acknowledged=acknowledged,
        lost=tuple(lost),
        duplicated=tuple(value for value, times in counted.items() if times > 1),
        unexpected=(*refused, *(value for value in counted if value not in attempted)),
        recovered=tuple(recovered),
        indeterminate=indeterminate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read of the whole set while writes were under way; instants are in nanoseconds on the monotonic clock."""

    began_at_ns: int
    ended_at_ns: int
    values: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FullVerdict:
    """What many reads say of a history.

    `stale_s` maps each value that some read missed although it was known before that read began, and that a later
    read did see, to how long that lasted (seconds). `lost` values were known and then missed by every later read;
    `never_read` were acknowledged and no read began after that.
    """

    stable: int
    stale_s: dict[int, float]
    lost: tuple[int, ...]
    never_read: tuple[int, ...]

    @property
    def longest_stale_s(self) -> float:
        """The worst of them, 0 where no read missed anything."""
        return max(self.stale_s.values(), default=0.0)


def check_set_full(history: History, reads: Sequence[Read]) -> FullVerdict:
    """Hold a history to every read of it. Raises ProbeError where nothing was read or written."""
    if not reads or not history.operations:
        message = "nothing was read while it was written, so that nothing is known of what was stale"
        raise ProbeError(message)
    ordered = sorted(reads, key=lambda one: one.began_at_ns)
    fate = _Fates()
    for one in history.operations:
        fate.take(one, ordered)
    return FullVerdict(
        stable=fate.stable, stale_s=fate.stale_s, lost=tuple(fate.lost), never_read=tuple(fate.never_read)
    )


class _Fates:
    def __init__(self) -> None:
        self.stable = 0
        self.stale_s: dict[int, float] = {}
        self.lost: list[int] = []
        self.never_read: list[int] = []

    def take(self, one: Operation, reads: Sequence[Read]) -> None:
        known = one.ended_at_ns if one.outcome is Outcome.OK else None
        seen = missed = 0
        for read in reads:
            if one.value in read.values:
                seen = read.began_at_ns
                known = read.ended_at_ns if known is None else min(known, read.ended_at_ns)
            elif known is not None and read.began_at_ns >= known:
                missed = read.began_at_ns
        if known is None:
            return
        if not seen and not missed:
            self.never_read.append(one.value)
        elif missed and missed > seen:
            self.lost.append(one.value)
        else:
            self.stable += 1
            if missed:
                self.stale_s[one.value] = (missed - known) / 1e9


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("s" if number != 1 else "")


def _some(values: Iterable[int], most: int = 5) -> str:
    found = list(values)
    return ", ".join(str(one) for one in found[:most]) + (", …" if len(found) > most else "")
