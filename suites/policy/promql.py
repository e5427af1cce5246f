"""What a PromQL expression reads: series, jobs and ranges."""

from __future__ import annotations

import re

from meshproof.declaration.platform import Item
from suites.policy.quantities import seconds

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_MATCHERS = re.compile(r"\{[^}]*\}")
_RANGE = re.compile(r"\[([^\]]*)\]")
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"[a-zA-Z_:][\w:]*(?!\s*\()\b(?!\s*\()")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring"})


def plain(text: str) -> str:
    """The expression in one line, so that two ways of folding it are equal."""
    return " ".join(text.split())


def series(expression: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = expression
    for noise in (_TEXT, _MATCHERS, _RANGE, _LABELS):
        bare = noise.sub(" ", bare)
    return {one for one in _NAME.findall(bare) if one.lower() not in _WORDS}


def ranges(expression: str) -> list[float]:
    """The ranges of an expression, in seconds."""
    found = [seconds(one.partition(":")[0]) for one in _RANGE.findall(expression)]
    return [one for one in found if one is not None]


def ending(expression: str) -> str:
    """The window with which the names of recorded series end (`slo:error_ratio:5m`), where one does."""
    found = [name.rpartition(":")[2] for name in sorted(series(expression)) if name.count(":") > 1]
    return next((one for one in found if seconds(one)), "")


def matched(expression: str, label: str) -> set[str]:
    """The values that an expression demands of a label."""
    return set(re.findall(rf'\b{label}="([^"]*)"', expression))


def rules(*items: Item) -> dict[str, list[Item]]:
    """Recording rules by the series they make."""
    found: dict[str, list[Item]] = {}
    for one in items:
        found.setdefault(one.text("record"), []).append(one)
    return found
