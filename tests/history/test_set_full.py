"""What reads saw late is told with how late, and what they never saw again is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.operation import History, Outcome
from meshproof.history.set_full import FullVerdict, Read, check_set_full
from tests.history.histories import SECOND, history, written


def test_a_read_that_misses_a_known_write_is_stale_for_as_long() -> None:
    """Known at 1.1 s, missed by a read that began at 3 s, seen at 4 s: stale for 1.9 s."""
    made = history(written(1), written(2, sent_s=3.5))
    reads = [_read(3, ()), _read(4, (1, 2)), _read(5, (1, 2))]

    found = check_set_full(made, reads)

    assert found.stale_s == {1: pytest.approx(1.9)}
    assert (found.stable, found.lost, found.never_read) == (2, (), ())


def test_a_write_that_every_later_read_misses_is_lost() -> None:
    """Seen once and then gone is lost too; what no read could see is neither."""
    made = history(written(1), written(2), written(9))
    reads = [_read(3, (1,)), _read(4, ()), _read(5, ())]

    found = check_set_full(made, reads)

    assert (found.lost, found.never_read) == ((1, 2), (9,))


def test_reads_without_writes_are_unknown() -> None:
    """Nothing read is no verdict."""
    with pytest.raises(ProbeError, match="nothing was read"):
        check_set_full(history(written(1)), [])


def _read(at_s: float, values: tuple[int, ...]) -> Read:
    at = int(at_s * SECOND)
    return Read(began_at_ns=at, ended_at_ns=at + SECOND // 10, values=frozenset(values))


WRITES = st.lists(
    st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=8
)
READS = st.lists(st.tuples(st.integers(0, 25), st.integers(0, 5), st.sets(st.integers(0, 8))), min_size=1, max_size=8)


@given(WRITES, READS)
def test_any_history_is_judged_as_each_of_its_values_alone(
    writes: list[tuple[Outcome, int, int]], reads: list[tuple[int, int, set[int]]]
) -> None:
    """The checker's sets say what a loop over every value and every read says."""
    made = history(*(written(n, what, sent_s=sent, took_s=took) for n, (what, sent, took) in enumerate(writes)))
    seen = [
        Read(began_at_ns=at * SECOND, ended_at_ns=(at + took) * SECOND, values=frozenset(values))
        for at, took, values in reads
    ]

    assert check_set_full(made, seen) == _one_by_one(made, seen)


def _one_by_one(made: History, reads: list[Read]) -> FullVerdict:
    stable, stale, lost, never = 0, dict[int, float](), list[int](), list[int]()
    for one in made.operations:
        ends = [read.ended_at_ns for read in reads if one.value in read.values]
        known = min(
            [*ends, *([one.ended_at_ns] if one.outcome is Outcome.OK and one.ended_at_ns is not None else [])],
            default=None,
        )
        missed = [
            r.began_at_ns for r in reads if known is not None and one.value not in r.values and r.began_at_ns >= known
        ]
        seen = [read.began_at_ns for read in reads if one.value in read.values]
        if missed and max(missed) > max(seen, default=-1):
            lost.append(one.value)
        elif missed and known is not None:
            stable += 1
            stale[one.value] = (max(missed) - known) / 1e9
        elif seen:
            stable += 1
        elif known is not None:
            never.append(one.value)
    return FullVerdict(stable=stable, stale_s=stale, lost=tuple(lost), never_read=tuple(never))
