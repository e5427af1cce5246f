"""Numbers that a check measured on its way: they are in the report whether or not anything is held to them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from meshproof.errors import ProbeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number; `objective` is what it is held to, `objective_source` the place or page that says so."""

    name: str
    value: float
    unit: str
    objective: float | None = None
    objective_source: str = ""


_recorder: ContextVar[list[Measured] | None] = ContextVar("measurements", default=None)


@contextmanager
def measuring() -> Iterator[list[Measured]]:
    """Collect every number measured in the block."""
    seen: list[Measured] = []
    token = _recorder.set(seen)
    try:
        yield seen
    finally:
        _recorder.reset(token)


def measure(
    name: str, value: float, unit: str, *, objective: float | None = None, objective_source: object = ""
) -> float:
    """Put a number into the report, under the control of the check that runs; returns it.

    Call it in the check's own thread: others record nothing. Raises ProbeError for what is no number.
    """
    if not math.isfinite(value):
        message = f"{name}: {value} {unit} is no measurement"
        raise ProbeError(message)
    found = Measured(
        name=name, value=float(value), unit=unit, objective=objective, objective_source=str(objective_source)
    )
    if (seen := _recorder.get()) is not None:
        seen.append(found)
    return value
