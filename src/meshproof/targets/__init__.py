"""Targets: incarnations of the declaration that can be looked at."""

from __future__ import annotations

from meshproof.settings import Settings

#: What this version of the engine can build.
BUILT = ("plan",)


def chosen_target(settings: Settings) -> str:
    """The target of a run: the one asked for, else the best that is here."""
    return BUILT[-1] if settings.target == "auto" else settings.target


def is_available(target: str, settings: Settings) -> bool:
    """Whether checks that need `target` can run in this run."""
    return target == chosen_target(settings)
