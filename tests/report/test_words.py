"""The sentences that a reader sees first."""

from __future__ import annotations

import pytest

from meshproof.report import model, words
from tests.report.sample import sample_run


@pytest.mark.parametrize(
    ("counted", "complete", "said"),
    [
        ({"pass": 5}, True, "5 promises are kept"),
        ({"pass": 1}, True, "1 promise is kept"),
        ({"pass": 5, "fail": 1, "unknown": 2}, True, "1 promise is broken"),
        ({"pass": 5, "fail": 2}, False, "2 promises are broken"),
        ({"pass": 5}, False, "The run did not reach its end"),
        ({"pass": 5, "unknown": 1}, True, "Nothing is broken, but 1 promise could not be seen"),
        ({"pass": 5, "exempt": 2}, True, "5 promises are kept; 2 set aside"),
        ({"exempt": 2}, True, "Nothing was kept; 2 promises are set aside"),
        ({"not_applicable": 3, "not_on_this_target": 2}, True, "Nothing was judged"),
        ({}, True, "Nothing was judged"),
    ],
)
def test_headline(counted: dict[str, int], said: str, *, complete: bool) -> None:
    """One sentence, never greener than the run."""
    summary = model.Summary.model_validate(counted)
    run = sample_run(controls=1, mutants=0).model_copy(update={"summary": summary, "complete": complete})

    assert words.headline(run) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3599.7, "1 h 0 min"), (7325, "2 h 2 min")],
)
def test_duration(seconds: float, said: str) -> None:
    """Seconds as a person says them."""
    assert words.duration(seconds) == said


@pytest.mark.parametrize(("part", "whole", "said"), [(2399, 2400, "99.9 %"), (2400, 2400, "100.0 %"), (0, 0, "none")])
def test_share_never_rounds_up(part: int, whole: int, said: str) -> None:
    """One survivor in 2,400 is not 100 per cent."""
    assert words.share(part, whole) == said


@pytest.mark.parametrize(
    ("best", "held", "missed"),
    [(None, True, True), ("declared", True, True), ("observed", True, False), (None, False, False)],
    ids=["not-seen", "weaker", "reached", "a-part"],
)
def test_a_floor_is_missed_only_by_who_is_held_to_it(best: str | None, *, held: bool, missed: bool) -> None:
    """A part of the suites says nothing of what it left out."""
    row = model.SystemRow.model_validate(
        {"id": "istio", "title": "", "floor": "resolved", "best": best, "held": held, "summary": {}}
    )

    assert words.floor_missed(row) is missed
