"""The checker `total-queue` after Jepsen: every event that was taken in comes out, and how often.

Source: jepsen/src/jepsen/checker.clj (total-queue).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Operation, Outcome
from meshproof.history.wording import counted_as, some


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueVerdict:
    """What a queue that was emptied says of a history.

    `lost`: acknowledged and never delivered. `duplicated` maps a value to how many times more than once it was
    delivered. `unexpected`: delivered although never sent, or although the queue had refused it. `recovered`: nothing
    was heard of it, and it was delivered. `indeterminate`: how many nothing is known of but by that.
    """

    acknowledged: int
    delivered: int
    lost: tuple[Operation, ...]
    duplicated: Mapping[int, int]
    unexpected: tuple[int, ...]
    recovered: tuple[int, ...]
    indeterminate: int

    @property
    def duplicates(self) -> int:
        """Deliveries of what had been delivered before."""
        return sum(self.duplicated.values())

    def complaints(self, *, at_least_once: bool) -> list[str]:
        """One sentence for each kind of anomaly; a second delivery is none where it was agreed to."""
        said = []
        if self.lost:
            first = some(one.value for one in self.lost)
            said.append(f"{counted_as(len(self.lost), 'acknowledged event')} never delivered: {first}")
        if self.duplicated and not at_least_once:
            said.append(f"{counted_as(len(self.duplicated), 'event')} delivered again: {some(self.duplicated)}")
        if self.unexpected:
            said.append(f"{counted_as(len(self.unexpected), 'event')} that nobody sent: {some(self.unexpected)}")
        return said


def check_total_queue(history: History, delivered: Iterable[int] | None) -> QueueVerdict:
    """Hold a history to everything that was delivered, once the queue was empty.

    Raises ProbeError where it was not emptied, of an empty history, and when a history that is cut leaves open
    whether a value came out of nowhere.
    """
    if delivered is None:
        message = "the queue was never emptied, so that nothing is known of what was lost"
        raise ProbeError(message)
    if not history.operations:
        message = "nothing was sent, so that nothing could be lost"
        raise ProbeError(message)
    counted: dict[int, int] = {}
    for value in delivered:
        counted[value] = counted.get(value, 0) + 1
    outcomes = {one.value: one.outcome for one in history.operations}
    unexpected = tuple(value for value in counted if outcomes.get(value, Outcome.FAIL) is Outcome.FAIL)
    acknowledged = history.having(Outcome.OK)
    unheard = history.having(Outcome.INDETERMINATE)
    lost = tuple(one for one in acknowledged if one.value not in counted)
    if history.cut and unexpected and not lost:
        message = f"{history.cut}, so that {counted_as(len(unexpected), 'value')} cannot be told from strangers"
        raise ProbeError(message)
    return QueueVerdict(
        acknowledged=len(acknowledged),
        delivered=sum(counted.values()),
        lost=lost,
        duplicated={value: times - 1 for value, times in counted.items() if times > 1},
        unexpected=unexpected,
        recovered=tuple(one.value for one in unheard if one.value in counted),
        indeterminate=len(unheard),
    )
