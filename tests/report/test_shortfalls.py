"""Which floors a whole run is held to."""

from __future__ import annotations

import pytest

from meshproof.report.shortfalls import binds
from tests.report.sample import sample_run

CONTROL = sample_run(controls=1, mutants=0, survivors=0).controls[0]


@pytest.mark.parametrize(
    ("target", "verdicts", "bound"),
    [
        ("plan", [], True),
        ("plan", ["not_on_this_target"], True),
        ("live", ["not_on_this_target"], False),
        ("live", ["not_on_this_target", "unknown"], True),
        ("live", [], False),
    ],
    ids=["nobody-watches", "shown-elsewhere", "live-shows-none", "live-shows-one", "live-has-none"],
)
def test_a_target_that_only_reads_is_held_to_what_it_shows(target: str, verdicts: list[str], *, bound: bool) -> None:
    """Every other is held to the floors of all systems, also to that of one without controls."""
    controls = [CONTROL.model_copy(update={"verdict": one}) for one in verdicts]

    assert binds(target, controls) is bound
