"""How far a program that runs is from the declared one, and what can be seen of it then."""

from __future__ import annotations

import re
from typing import Final

from meshproof.verdict import Assurance

_MINOR: Final = re.compile(r"^v?(\d+)\.(\d+)")
_FAR: Final = 99


def seen_by(declared: str, runs: str) -> Assurance:
    """How strongly something seen of a program is known: another release than the declared one is not it."""
    return Assurance.OBSERVED if skew_of(declared, runs) <= 1 else Assurance.ACCEPTED


def skew_of(declared: str, runs: str) -> int:
    """How many minor releases lie between two versions; many where one of them is not known."""
    numbers = [
        tuple(int(part) for part in found[0]) if (found := _MINOR.findall(one)) else () for one in (declared, runs)
    ]
    if not all(numbers) or numbers[0][0] != numbers[1][0]:
        return _FAR
    return abs(numbers[0][1] - numbers[1][1])
