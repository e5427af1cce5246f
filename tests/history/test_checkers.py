"""The checkers find every planted anomaly, name it as what it is, and are silent on clean histories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.loss import loss_of
from meshproof.history.operation import Outcome
from meshproof.history.sets import check_set
from meshproof.history.writers import two_writers
from tests.history.histories import SECOND, history, written

OUTCOMES = st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=60)


@given(outcomes=OUTCOMES, data=st.data())
def test_a_clean_history_is_kept(outcomes: list[Outcome], data: st.DataObject) -> None:
    """All acknowledged, none refused and any of the unheard writes are there: nothing is said."""
    operations = [written(value, outcome) for value, outcome in enumerate(outcomes)]
    there = [
        one.value
        for one in operations
        if one.outcome is Outcome.OK or (one.outcome is Outcome.INDETERMINATE and data.draw(st.booleans()))
    ]

    verdict = check_set(history(*operations), there)

    assert verdict.kept
    assert verdict.complaints() == []


@given(outcomes=OUTCOMES, data=st.data())
def test_planted_anomalies_are_exactly_what_is_found(outcomes: list[Outcome], data: st.DataObject) -> None:
    """Dropped, doubled and strange values are told apart, each by its own value."""
    operations = [written(value, outcome) for value, outcome in enumerate(outcomes)]
    fine = [one.value for one in operations if one.outcome is Outcome.OK]
    dropped = data.draw(st.sets(st.sampled_from(fine))) if fine else set()
    left = [value for value in fine if value not in dropped]
    doubled = data.draw(st.sets(st.sampled_from(left))) if left else set()
    strange = data.draw(st.sets(st.integers(1000, 1020)))

    verdict = check_set(history(*operations), [*left, *doubled, *strange])

    assert {one.value for one in verdict.lost} == dropped
    assert set(verdict.duplicated) == doubled
    assert set(verdict.unexpected) == strange
    assert verdict.indeterminate == outcomes.count(Outcome.INDETERMINATE)
    assert verdict.kept == (not (dropped or doubled or strange))


def test_a_refused_write_that_is_there_is_unexpected() -> None:
    """Who says no must not have written."""
    verdict = check_set(history(written(1, Outcome.FAIL)), [1])

    assert verdict.unexpected == (1,)
    assert verdict.complaints() == ["1 write that nobody made: 1"]


@pytest.mark.parametrize("final", [None, []], ids=["never-read", "nothing-written"])
def test_nothing_seen_is_unknown(final: list[int] | None) -> None:
    """Without a last read, and without a write, there is no verdict."""
    with pytest.raises(ProbeError, match=r"never read|nothing was written"):
        check_set(history(*([written(1)] if final is None else [])), final)


@given(kept=st.integers(0, 30), lost=st.integers(0, 30))
def test_a_suffix_that_is_lost_is_a_loss_without_holes(kept: int, lost: int) -> None:
    """Its count, its age at the fault and its bytes are those of the suffix."""
    operations = [written(value, position=1000 + 10 * value) for value in range(kept + lost)]
    made = history(*operations, written(999, Outcome.INDETERMINATE))

    verdict = check_set(made, range(kept))
    found = loss_of(made, verdict, fault_at_ns=(kept + lost) * SECOND)

    assert (found.count, found.indeterminate, found.holes) == (lost, 1, ())
    assert found.seconds == pytest.approx(lost - 0.1 if lost else 0.0)
    assert found.bytes == (None if lost and not kept else 10 * lost)


@given(total=st.integers(3, 40), data=st.data())
def test_a_hole_in_the_order_of_commits_is_found(total: int, data: st.DataObject) -> None:
    """A survivor that was sent after a lost write had been acknowledged is corruption, however little was lost."""
    gone = data.draw(st.integers(0, total - 2))
    made = history(*(written(value) for value in range(total)))

    found = loss_of(made, check_set(made, [value for value in range(total) if value != gone]), fault_at_ns=0)

    assert [one.value for one in found.holes] == list(range(gone + 1, total))


def test_writes_under_way_together_make_no_hole() -> None:
    """Which of two overlapping writes was committed first is not known: either may be the one that is lost."""
    made = history(written(1, sent_s=1, took_s=2), written(2, sent_s=2, took_s=2))

    assert not loss_of(made, check_set(made, [2]), fault_at_ns=5 * SECOND).holes


def test_what_the_next_writer_took_is_no_hole() -> None:
    """Writes after the failover went to another store."""
    made = history(written(1), written(2), written(8, by="standby", epoch=2))

    assert not loss_of(made, check_set(made, [1, 8]), fault_at_ns=3 * SECOND).holes


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 5))
def test_a_second_writer_is_found_with_how_long(before: int, after: int, seconds: int) -> None:
    """Terms that follow each other have no window; an old term that goes on has one as long as it went on."""
    clean = [written(value) for value in range(before)]
    clean += [written(before + value, by="standby", epoch=2) for value in range(after)]
    zombie = [written(500 + n, sent_s=before + 0.1 + n, took_s=0.01) for n in range(1, seconds + 1)]

    assert two_writers(history(*clean)).seconds == 0
    found = two_writers(history(*clean, *zombie))
    assert len(found.late) == seconds
    assert found.seconds == pytest.approx(seconds)


def test_what_is_known_at_an_instant_leaves_out_what_came_later() -> None:
    """Sent later is not there, answered later is unheard of."""
    made = history(written(1), written(2, sent_s=2, took_s=3), written(4)).before(4 * SECOND)

    assert [(one.value, one.outcome) for one in made.operations] == [(1, Outcome.OK), (2, Outcome.INDETERMINATE)]
