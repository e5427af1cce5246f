"""What a fault cost: the recovery point as count, seconds, bytes and indeterminate, and whether it was a clean cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshproof.history.operation import History, Operation, Outcome
from meshproof.history.sets import SetVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a failover lost. `seconds` is the age, at the fault, of the oldest write that was lost.

    `bytes` is how much of the old store's log lay between the last write that survived and the last one lost, None
    where the replies did not say. `holes` are survivors that were sent after a lost write had been acknowledged:
    replication keeps the order of commits, so that what is lost is a suffix of it, and a hole is corruption.
    """

    count: int
    seconds: float
    bytes: int | None
    indeterminate: int
    holes: tuple[Operation, ...]


def loss_of(history: History, verdict: SetVerdict, *, fault_at_ns: int) -> Loss:
    """The loss at a fault (nanoseconds on the monotonic clock), from the verdict on the last read."""
    lost = {one.value for one in verdict.lost}
    kept = [one for one in history.operations if one.outcome is Outcome.OK and one.value not in lost]
    oldest = min((_ended(one) for one in verdict.lost), default=fault_at_ns)
    return Loss(
        count=len(verdict.lost),
        seconds=max(0.0, (fault_at_ns - oldest) / 1e9),
        bytes=_bytes(verdict.lost, kept),
        indeterminate=verdict.indeterminate,
        holes=tuple(holes(verdict.lost, kept)),
    )


def holes(lost: Sequence[Operation], kept: Iterable[Operation]) -> list[Operation]:
    """Survivors of the same store that were certainly committed after a write that it lost.

    A write that was sent after another had been acknowledged was committed after it, whatever the clocks of the
    store say; so this never takes concurrent writes for a hole, and needs no commit order from the store.
    """
    first: dict[tuple[str, int], int] = {}
    for one in lost:
        key = (one.by, one.epoch)
        first[key] = min(first.get(key, _ended(one)), _ended(one))
    return [one for one in kept if one.sent_at_ns > first.get((one.by, one.epoch), one.sent_at_ns)]


def _bytes(lost: Sequence[Operation], kept: Iterable[Operation]) -> int | None:
    if not lost:
        return 0
    stores = {(one.by, one.epoch) for one in lost}
    if len(stores) != 1 or any(one.position < 0 for one in lost):
        return None
    survived = max((one.position for one in kept if (one.by, one.epoch) in stores), default=-1)
    return None if survived < 0 else max(0, max(one.position for one in lost) - survived)


def _ended(one: Operation) -> int:
    return one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns
