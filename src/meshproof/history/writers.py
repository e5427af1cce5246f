"""Whether there were ever two writers: writes acknowledged under an older term after a newer one had begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshproof.history.operation import History, Operation, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWriters:
    """`seconds` is how long both terms certainly acknowledged writes; `late` are those of the older term in it."""

    seconds: float
    late: tuple[Operation, ...]


def two_writers(history: History) -> TwoWriters:
    """The dual-acknowledgement window of a history: 0 where every term ended before the next one began.

    Only what is certain counts: a write of the older term that was *sent* after one of a newer term had been
    *acknowledged* was committed after it.
    """
    written = [one for one in history.operations if one.outcome is Outcome.OK and one.epoch >= 0]
    began: dict[int, int] = {}
    for one in written:
        ended = one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns
        began[one.epoch] = min(began.get(one.epoch, ended), ended)
    newer = _first_of_newer(began)
    late = tuple(one for one in written if one.sent_at_ns > newer.get(one.epoch, one.sent_at_ns))
    return TwoWriters(seconds=_longest(late, newer), late=late)


def _first_of_newer(began: dict[int, int]) -> dict[int, int]:
    """For each term, when a newer one first acknowledged a write."""
    found: dict[int, int] = {}
    earliest: int | None = None
    for epoch in sorted(began, reverse=True):
        if earliest is not None:
            found[epoch] = earliest
        earliest = began[epoch] if earliest is None else min(earliest, began[epoch])
    return found


def _longest(late: Sequence[Operation], newer: dict[int, int]) -> float:
    return max(((one.sent_at_ns - newer[one.epoch]) / 1e9 for one in late), default=0.0)
