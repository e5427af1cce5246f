"""What a whole run must reach beside its controls: the floor of each system, and the mutation score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meshproof.report import model, words
from meshproof.settings import Settings
from meshproof.systems import ONLY_READS


def binds(target: str, controls: Sequence[model.ControlRun]) -> bool:
    """Whether a system's floor binds a whole run on this target; `controls` are the system's own.

    `live` breaks nothing and plans nothing, so of some systems it shows none; elsewhere a system without controls is
    one that nobody watches.
    """
    return target != ONLY_READS or any(one.verdict != "not_on_this_target" for one in controls)


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
