"""The checker `bank` after Jepsen: transfers between accounts never change what all of them hold together.

Source: jepsen/src/jepsen/tests/bank.clj.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from meshproof.errors import ProbeError
from meshproof.history.wording import counted_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One read of all balances in one transaction; the instant is in nanoseconds on the monotonic clock."""

    at_ns: int
    balances: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankVerdict:
    """The snapshots that cannot be: another total, other accounts than there are, a balance below zero."""

    total: int
    reads: int
    wrong_totals: tuple[Snapshot, ...]
    wrong_accounts: tuple[Snapshot, ...]
    overdrawn: tuple[Snapshot, ...]

    def complaints(self) -> list[str]:
        """One sentence for each kind of anomaly."""
        said = []
        if self.wrong_totals:
            found = sum(self.wrong_totals[0].balances.values())
            reads = counted_as(len(self.wrong_totals), "snapshot")
            said.append(f"{reads} of {self.reads} with another total than {self.total}: the first has {found}")
        if self.wrong_accounts:
            there = ", ".join(sorted(self.wrong_accounts[0].balances)) or "none"
            said.append(
                f"{counted_as(len(self.wrong_accounts), 'snapshot')} with other accounts: the first has {there}"
            )
        if self.overdrawn:
            worst = min(self.overdrawn[0].balances.values())
            said.append(
                f"{counted_as(len(self.overdrawn), 'snapshot')} with a balance below zero: the first has {worst}"
            )
        return said


def check_bank(
    snapshots: Iterable[Snapshot], *, accounts: AbstractSet[str], total: int, may_be_negative: bool = False
) -> BankVerdict:
    """Hold every snapshot to the accounts that there are and to what they hold together.

    Raises ProbeError where nothing was read.
    """
    reads = 0
    wrong_totals, wrong_accounts, overdrawn = list[Snapshot](), list[Snapshot](), list[Snapshot]()
    for one in snapshots:
        reads += 1
        if one.balances.keys() != accounts:
            wrong_accounts.append(one)
            continue
        if sum(one.balances.values()) != total:
            wrong_totals.append(one)
        if not may_be_negative and min(one.balances.values(), default=0) < 0:
            overdrawn.append(one)
    if not reads:
        message = "the balances were never read, so that nothing is known of their total"
        raise ProbeError(message)
    return BankVerdict(
        total=total,
        reads=reads,
        wrong_totals=tuple(wrong_totals),
        wrong_accounts=tuple(wrong_accounts),
        overdrawn=tuple(overdrawn),
    )
