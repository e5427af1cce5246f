"""What went into a queue and what came out are told apart: lost, delivered again, out of nowhere."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.operation import Outcome
from meshproof.history.total_queue import check_total_queue
from tests.history.histories import history, written


@given(
    outcomes=st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=30),
    delivered=st.lists(st.integers(0, 35), max_size=60),
)
def test_any_queue_is_judged_as_multisets_are(outcomes: list[Outcome], delivered: list[int]) -> None:
    """The checker says what the difference of multisets says."""
    made = history(*(written(value, outcome) for value, outcome in enumerate(outcomes)))
    came = Counter(delivered)
    sent = {outcome: {n for n, one in enumerate(outcomes) if one is outcome} for outcome in Outcome}

    found = check_total_queue(made, iter(delivered))

    assert {one.value for one in found.lost} == sent[Outcome.OK] - came.keys()
    assert set(found.unexpected) == came.keys() - sent[Outcome.OK] - sent[Outcome.INDETERMINATE]
    assert set(found.recovered) == came.keys() & sent[Outcome.INDETERMINATE]
    assert Counter(found.duplicated) == Counter({n: times - 1 for n, times in came.items() if times > 1})
    assert found.duplicates == len(delivered) - len(came)
    assert bool(found.complaints(at_least_once=True)) == bool(found.lost or found.unexpected)


def test_a_second_delivery_counts_where_it_was_not_agreed_to() -> None:
    """At least once is an agreement; once is another."""
    found = check_total_queue(history(written(1)), [1, 1])

    assert found.complaints(at_least_once=True) == []
    assert found.complaints(at_least_once=False) == ["1 event delivered again: 1"]


@pytest.mark.parametrize(("values", "delivered", "says"), [([1], None, "never emptied"), ([], [1], "nothing was sent")])
def test_nothing_seen_is_unknown(values: list[int], delivered: list[int] | None, says: str) -> None:
    """There is no verdict."""
    with pytest.raises(ProbeError, match=says):
        check_total_queue(history(*map(written, values)), delivered)


def test_strangers_of_a_history_that_is_cut_are_unknown() -> None:
    """Their intents may be what was cut off."""
    with pytest.raises(ProbeError, match=r"cut; .*1 value cannot be told from strangers"):
        check_total_queue(history(written(1), cut="ledger:3: cut; the history ends here"), [1, 2])
