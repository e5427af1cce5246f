"""A snapshot of a bank that cannot be is told as what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.bank import Snapshot, check_bank

ACCOUNTS = frozenset("abc")
TRANSFERS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.integers(0, 20)), min_size=1, max_size=30
)


def _transferred(transfers: list[tuple[str, str, int]], *, forgets_at: int | None = None) -> list[Snapshot]:
    """A snapshot after each transfer that the giver can pay; at one of them the taker's part is forgotten."""
    held, seen = dict.fromkeys("abc", 10), list[Snapshot]()
    for at, (giver, taker, amount) in enumerate(transfers):
        if held[giver] >= amount:
            held[giver] -= amount
            held[taker] += 0 if at == forgets_at else amount
        seen.append(Snapshot(at_ns=at, balances=dict(held)))
    return seen


@given(TRANSFERS)
def test_transfers_are_clean(transfers: list[tuple[str, str, int]]) -> None:
    """Nothing is said."""
    assert check_bank(_transferred(transfers), accounts=ACCOUNTS, total=30).complaints() == []


@given(TRANSFERS, st.data())
def test_half_a_transfer_is_found_from_then_on(transfers: list[tuple[str, str, int]], data: st.DataObject) -> None:
    """Every later snapshot has another total, no earlier one has."""
    at = data.draw(st.integers(0, len(transfers) - 1))
    seen = _transferred(transfers, forgets_at=at)

    found = check_bank(seen, accounts=ACCOUNTS, total=30)

    assert list(found.wrong_totals) == [one for one in seen if sum(one.balances.values()) != 30]
    assert all(one.at_ns >= at for one in found.wrong_totals)


def test_accounts_and_debts_are_told_apart() -> None:
    """Each as its own sentence."""
    seen = [Snapshot(at_ns=1, balances={"a": 30}), Snapshot(at_ns=2, balances={"a": -1, "b": 20, "c": 11})]

    said = check_bank(seen, accounts=ACCOUNTS, total=30).complaints()

    assert said == [
        "1 snapshot with other accounts: the first has a",
        "1 snapshot with a balance below zero: the first has -1",
    ]
    assert check_bank(seen[1:], accounts=ACCOUNTS, total=30, may_be_negative=True).complaints() == []
    assert check_bank(seen[1:], accounts=ACCOUNTS, total=31, may_be_negative=True).complaints() == [
        "1 snapshot of 1 with another total than 31: the first has 30"
    ]


def test_balances_that_nobody_read_are_unknown() -> None:
    """There is no verdict."""
    with pytest.raises(ProbeError, match="never read"):
        check_bank([], accounts=ACCOUNTS, total=30)
