"""The checker `set-full` after Jepsen: what reads saw late, or saw once and never again.

Source: jepsen/src/jepsen/checker.clj (set-full).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Operation, Outcome


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
    """Hold a history to every read of it, in time and memory linear in what was read.

    Raises ProbeError where nothing was read or written.
    """
    if not reads or not history.operations:
        message = "nothing was read while it was written, so that nothing is known of what was stale"
        raise ProbeError(message)
    ordered = sorted(reads, key=lambda one: one.began_at_ns)
    known, missed = _known_and_missed(history, ordered)
    seen = _last_seen(ordered, missed)
    ever = frozenset[int]().union(*(read.values for read in ordered))
    stable, stale_s, lost, never_read = 0, dict[int, float](), list[int](), list[int]()
    for one in history.operations:
        if one.value not in missed:
            stable += one.value in ever
            if one.value not in ever and one.outcome is Outcome.OK:
                never_read.append(one.value)
        elif missed[one.value] > seen.get(one.value, -1):
            lost.append(one.value)
        else:
            stable += 1
            stale_s[one.value] = (missed[one.value] - known[one.value]) / 1e9
    return FullVerdict(stable=stable, stale_s=stale_s, lost=tuple(lost), never_read=tuple(never_read))


def _known_and_missed(history: History, ordered: Sequence[Read]) -> tuple[dict[int, int], dict[int, int]]:
    """When each value was known (acknowledged, or seen by a read that has ended), and which was missed after that.

    The second says when the last read began that missed it. Whole sets are compared, which costs no loop of Python.
    """
    acknowledged = deque(sorted(history.having(Outcome.OK), key=_ended))
    ended = deque(sorted(ordered, key=lambda one: one.ended_at_ns))
    known, known_at, missed = set[int](), dict[int, int](), dict[int, int]()
    for read in ordered:
        while ended and ended[0].ended_at_ns <= read.began_at_ns:
            before = ended.popleft()
            _acknowledge(acknowledged, before.ended_at_ns, known_at)
            known_at.update(dict.fromkeys(before.values - known_at.keys(), before.ended_at_ns))
        _acknowledge(acknowledged, read.began_at_ns, known_at)
        known.update(known_at)
        missed.update(dict.fromkeys(known - read.values, read.began_at_ns))
    return known_at, missed


def _acknowledge(left: deque[Operation], until_ns: int, known_at: dict[int, int]) -> None:
    """Make known what had been acknowledged by then; `left` is what had not."""
    while left and _ended(left[0]) <= until_ns:
        one = left.popleft()
        known_at.setdefault(one.value, _ended(one))


def _ended(one: Operation) -> int:
    return one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns


def _last_seen(ordered: Sequence[Read], missed: Mapping[int, int]) -> dict[int, int]:
    """When the last read began that saw a value which another missed; no others are asked for."""
    seen: dict[int, int] = {}
    for read in ordered:
        for value in missed.keys() & read.values:
            seen[value] = read.began_at_ns
    return seen
