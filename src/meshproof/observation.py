"""What was seen of a running thing, in a form that `judge` takes: where it is declared, and how it is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from meshproof.judgement import Place
from meshproof.verdict import Assurance, Fidelity

T = TypeVar("T", covariant=True)  # noqa: PLC0105 - read only


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed(Generic[T]):
    """One observation: `address` is what was looked at, `place` where that is declared, `value` what was seen."""

    address: str
    place: Place
    value: T
    assurance: Assurance = Assurance.OBSERVED
    fidelity: Fidelity = Fidelity.REAL
