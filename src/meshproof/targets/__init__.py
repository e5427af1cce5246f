"""Targets: incarnations of the declaration that can be looked at."""

from __future__ import annotations

from functools import cache

from meshproof.settings import Settings
from meshproof.toolchain.needs import readiness

#: What this version of the engine can build, the strongest last.
BUILT = ("plan", "embedded")


def chosen_target(settings: Settings) -> str:
    """The target of a run: the one asked for, else the best that is here."""
    return settings.target if settings.target != "auto" else _best()


def is_available(target: str, settings: Settings) -> bool:
    """Whether checks that need `target` can run in this run."""
    return target == chosen_target(settings)


@cache
def _best() -> str:
    return "embedded" if readiness("embedded").ready else "plan"
