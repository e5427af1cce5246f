"""How a checker names what it found: a number with its noun, and the first few of many."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice


def counted_as(number: int, noun: str) -> str:
    """`1 write`, `2 writes`."""
    return f"{number} {noun}" + ("s" if number != 1 else "")


def some(values: Iterable[object], most: int = 5) -> str:
    """The first `most` of them, and whether there were more."""
    found = list(islice(values, most + 1))
    return ", ".join(map(str, found[:most])) + (", …" if len(found) > most else "")
