"""An identifier that was handed out twice is found; one that was left out is no fault."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.unique_ids import check_unique_ids


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_any_sequence_is_judged_as_a_multiset_is(issued: list[int]) -> None:
    """The checker says what counting says."""
    found = check_unique_ids(iter(issued))

    assert found.duplicated == {one: times for one, times in Counter(issued).items() if times > 1}
    assert (found.issued, found.lowest, found.highest) == (len(issued), min(issued), max(issued))
    assert bool(found.complaints()) == (len(set(issued)) != len(issued))


def test_a_sequence_that_both_sides_go_on_with_is_named() -> None:
    """As after a promotion that was not fenced: the numbers that a crash skips are no fault, the shared one is."""
    assert check_unique_ids([4, 5, 34, 35]).complaints() == []
    assert check_unique_ids([4, 5, 34, 34]).complaints() == ["1 identifier of 4 handed out more than once: 34"]


def test_nothing_handed_out_is_unknown() -> None:
    """There is no verdict."""
    with pytest.raises(ProbeError, match="no identifier"):
        check_unique_ids([])
