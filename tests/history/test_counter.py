"""A counter's read is possible exactly if some of what was under way explains it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.counter import Addition, CounterRead, check_counter
from meshproof.history.operation import Outcome

ADDITIONS = st.lists(
    st.tuples(st.integers(-5, 5), st.integers(0, 20), st.integers(0, 9), st.sampled_from(list(Outcome))), max_size=12
)
READS = st.lists(st.tuples(st.integers(-30, 30), st.integers(0, 25), st.integers(0, 5)), min_size=1, max_size=8)


@given(ADDITIONS, READS)
def test_any_read_is_judged_by_its_own_bounds(
    additions: list[tuple[int, int, int, Outcome]], reads: list[tuple[int, int, int]]
) -> None:
    """The checker's one pass says what adding up for each read alone says."""
    made = [_addition(*one) for one in additions]
    seen = [CounterRead(value=value, began_at_ns=at, ended_at_ns=at + took) for value, at, took in reads]

    found = check_counter(made, seen)

    assert found.reads == len(seen)
    wrong = [one for one in sorted(seen, key=lambda one: one.began_at_ns) if not _possible(one, made)]
    assert [one.read for one in found.errors] == wrong
    assert bool(found.complaints()) == bool(wrong)


def _possible(read: CounterRead, made: list[Addition]) -> bool:
    real = [one for one in made if one.outcome is not Outcome.FAIL]
    sent = [one.amount for one in real if one.sent_at_ns <= read.ended_at_ns]
    sure = [
        one.amount
        for one in real
        if one.outcome is Outcome.OK and one.ended_at_ns is not None and one.ended_at_ns <= read.began_at_ns
    ]
    lowest = sum(one for one in sure if one > 0) + sum(one for one in sent if one < 0)
    highest = sum(one for one in sent if one > 0) + sum(one for one in sure if one < 0)
    return lowest <= read.value <= highest


def _addition(amount: int, sent: int, took: int, outcome: Outcome) -> Addition:
    heard = outcome is not Outcome.INDETERMINATE
    return Addition(amount=amount, sent_at_ns=sent, ended_at_ns=sent + took if heard else None, outcome=outcome)


def test_a_lost_addition_is_told_with_the_bounds() -> None:
    """Two were acknowledged, and a later read knows of one."""
    made = [_addition(1, at, 1, Outcome.OK) for at in (0, 2)]

    found = check_counter(made, [CounterRead(value=1, began_at_ns=5, ended_at_ns=6)])

    assert found.complaints() == ["1 read of 1 that cannot be: the first is 1, which is not within 2 and 2"]


def test_a_counter_that_nobody_read_is_unknown() -> None:
    """There is no verdict."""
    with pytest.raises(ProbeError, match="never read"):
        check_counter([_addition(1, 0, 1, Outcome.OK)], [])
