"""The checker `unique-ids` after Jepsen: nothing that hands out identifiers hands out one twice.

Source: jepsen/src/jepsen/checker.clj (unique-ids).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.wording import counted_as, some


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueVerdict:
    """How many were handed out, between which, and how many times each that was handed out more than once.

    Numbers that were left out are no fault: a sequence may skip what a crash made it forget.
    """

    issued: int
    lowest: int
    highest: int
    duplicated: Mapping[int, int]

    def complaints(self) -> list[str]:
        """One sentence."""
        if not self.duplicated:
            return []
        which = some(self.duplicated)
        return [f"{counted_as(len(self.duplicated), 'identifier')} of {self.issued} handed out more than once: {which}"]


def check_unique_ids(issued: Iterable[int]) -> UniqueVerdict:
    """Hold all acknowledged identifiers, by whomever, to being different. Raises ProbeError where there is none."""
    counted: dict[int, int] = {}
    for one in issued:
        counted[one] = counted.get(one, 0) + 1
    if not counted:
        message = "no identifier was handed out, so that none could be handed out twice"
        raise ProbeError(message)
    return UniqueVerdict(
        issued=sum(counted.values()),
        lowest=min(counted),
        highest=max(counted),
        duplicated={one: times for one, times in counted.items() if times > 1},
    )
