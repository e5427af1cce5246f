"""The checker `set` after Jepsen: what was lost, doubled or came out of nowhere.

Source: jepsen/src/jepsen/checker.clj (set).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Operation, Outcome
from meshproof.history.wording import counted_as, some


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
            said.append(
                f"{counted_as(len(self.lost), 'acknowledged write')} lost: {some(one.value for one in self.lost)}"
            )
        if self.duplicated:
            said.append(f"{counted_as(len(self.duplicated), 'write')} there more than once: {some(self.duplicated)}")
        if self.unexpected:
            said.append(f"{counted_as(len(self.unexpected), 'write')} that nobody made: {some(self.unexpected)}")
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
