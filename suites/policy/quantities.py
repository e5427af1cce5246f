"""Durations and quantities as plain numbers."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1.0, "m": 0.001, "k": 1e3, "Ki": 2**10, "M": 1e6, "Mi": 2**20, "G": 1e9, "Gi": 2**30, "Ti": 2**40}


def seconds(value: object) -> float | None:
    """`2400ms`, `1m30s`, a bare number; None where no duration stands."""
    text = "" if value is None else str(value)
    parts = re.findall(r"(-?\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return number_of(text)


def amount(value: object) -> float | None:
    """`512Mi`, `250m`, `2`; None where no quantity stands."""
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)([A-Za-z]{0,2})", "" if value is None else str(value))
    return None if match is None or match[2] not in _SIZES else float(match[1]) * _SIZES[match[2]]


def number_of(value: object) -> float | None:
    """A number or numeric text, else None."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def outside(what: str, value: float | None, bounds: tuple[float, float]) -> str | None:
    """The complaint about a number that is not stated or not within its bounds."""
    low, high = bounds
    if value is None:
        return f"{what} is not stated"
    return None if low <= value <= high else f"{what} is {value:g}, not within {low:g} to {high:g}"
