"""What a whole run must reach beside its controls: the floor of each system, and the mutation score."""

from __future__ import annotations

from collections.abc import Iterable

from meshproof.report import model, words
from meshproof.settings import Settings


def below_floor(rows: Iterable[model.SystemRow]) -> list[str]:
    """A sentence for each system whose best verdict is weaker than its floor."""
    return [
        f"system {row.id}: best assurance {row.best or 'none'} is below its floor {row.floor}"
        for row in rows
        if words.floor_missed(row)
    ]


def below_score(score: model.GeneratedMutants | None, settings: Settings) -> list[str]:
    """A sentence for each share of killed mutants that is lower than the settings demand."""
    if score is None or not score.made:
        return []
    low = [
        f"{name}: {one.killed}/{one.made} generated mutants killed, below {settings.score_per_system:.0%}"
        for name, one in score.by_system.items()
        if one.made and one.killed / one.made < settings.score_per_system
    ]
    if score.killed / score.made < settings.score_overall:
        low.insert(0, f"overall: {score.killed}/{score.made} killed, below {settings.score_overall:.0%}")
    return low
