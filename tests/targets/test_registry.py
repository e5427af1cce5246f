"""What every target is to a run, whichever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshproof.errors import TargetError, UsageError
from meshproof.settings import Settings
from meshproof.systems import TARGETS
from meshproof.targets import BUILT, target_named
from meshproof.targets.skew import seen_by
from meshproof.verdict import Assurance


@pytest.mark.parametrize("name", list(BUILT))
def test_a_row_names_its_target(name: str) -> None:
    """By the name under which a control and a report know it; it says whether it can be had here."""
    target = target_named(name)

    assert target.name == name
    assert name in TARGETS
    assert target.readiness().target == name
    assert target.shows in Assurance


def test_a_target_that_is_not_here_is_refused() -> None:
    """With those that are."""
    with pytest.raises(UsageError, match="--target moon: not in this version of the engine; it has plan, embedded"):
        target_named("moon")


def test_nothing_runs_on_the_plan_target() -> None:
    """What asks for a running thing there is unknown, and told where it would be seen."""
    with pytest.raises(TargetError, match="--target embedded, kind or live"):
        target_named("plan").attach(Settings(), Path())


@pytest.mark.parametrize(
    ("declared", "runs", "seen"),
    [
        ("1.34", "v1.35.2", Assurance.OBSERVED),
        ("1.34", "v1.37.2", Assurance.ACCEPTED),
        ("1.34", "v2.34.0", Assurance.ACCEPTED),
        ("", "v1.34.0", Assurance.ACCEPTED),
    ],
)
def test_another_release_is_not_what_is_declared(declared: str, runs: str, seen: Assurance) -> None:
    """More than one minor version apart, or not known at all."""
    assert seen_by(declared, runs) is seen
