"""How a control ends, and how strongly that is known."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal, cast

AssuranceText = Literal["declared", "resolved", "accepted", "observed", "observed under fault"]


class Verdict(StrEnum):
    """The outcome of one control."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    EXEMPT = "exempt"


_BADNESS = {
    Verdict.PASS: 0,
    Verdict.NOT_APPLICABLE: 1,
    Verdict.EXEMPT: 2,
    Verdict.UNKNOWN: 3,
    Verdict.FAIL: 4,
}


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict that a person must hear first; an empty list is *unknown*, never a pass."""
    return max(verdicts, key=_BADNESS.__getitem__, default=Verdict.UNKNOWN)


class Assurance(IntEnum):
    """How a verdict knows: ordered from the weakest to the strongest."""

    DECLARED = 1
    RESOLVED = 2
    ACCEPTED = 3
    OBSERVED = 4
    OBSERVED_UNDER_FAULT = 5

    @property
    def label(self) -> AssuranceText:
        """The word of the reports, for example `observed under fault`."""
        return cast("AssuranceText", self.name.lower().replace("_", " "))

    @classmethod
    def from_label(cls, label: str) -> Assurance:
        """The inverse of `label`; raises KeyError for a word that is none."""
        return cls[label.strip().upper().replace(" ", "_")]


class Fidelity(StrEnum):
    """What stood where the real thing would stand; beside the assurance, never inside it."""

    REAL = "real"
    STAND_IN = "stand-in"
    EMULATED = "emulated"
    SIMULATED = "simulated"
    SCALED = "scaled"
