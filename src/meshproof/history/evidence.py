"""Everything that the checkers ask about one recorded history, and what all of them say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from meshproof.history.bank import Snapshot, check_bank
from meshproof.history.counter import Addition, CounterRead, check_counter
from meshproof.history.kafka import Polled, check_kafka
from meshproof.history.loss import loss_of
from meshproof.history.operation import History, Operation, Outcome
from meshproof.history.set_full import Read, check_set_full
from meshproof.history.sets import check_set
from meshproof.history.total_queue import check_total_queue
from meshproof.history.unique_ids import check_unique_ids
from meshproof.history.wording import counted_as
from meshproof.history.writers import two_writers

_READS: Final = 8
_ACCOUNTS: Final = ("a", "b", "c")
_EACH: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One history with what was read of it; `polls` are also the last read of the set and the emptied queue.

    Reads during the history, a counter of its writes, a bank that they are transfers of, and the identifiers that
    they got are what a faultless store would have answered to it: a real ledger has no such readers.
    """

    history: History
    polls: tuple[Polled, ...]
    reads: tuple[Read, ...]
    counted: tuple[CounterRead, ...]
    snapshots: tuple[Snapshot, ...]
    issued: tuple[int, ...]

    @property
    def values(self) -> tuple[int, ...]:
        """Every value that was delivered, in the order in which it was."""
        return tuple(one.value for one in self.polls)


def recorded(history: History, polls: tuple[Polled, ...]) -> Recorded:
    """A real history and what was polled in the end, with a faultless answer to every other question."""
    taken = sorted(history.having(Outcome.OK), key=_ended)
    instants = [_ended(taken[(len(taken) - 1) * n // _READS]) + 1 for n in range(1, _READS + 1)] if taken else []
    return Recorded(
        history=_under_terms(history, taken),
        polls=polls,
        reads=tuple(_read(taken, at_ns) for at_ns in instants),
        counted=tuple(_counted(taken, at_ns) for at_ns in instants),
        snapshots=tuple(_transferred(len(taken))),
        issued=tuple(one.value for one in taken),
    )


def _read(taken: list[Operation], at_ns: int) -> Read:
    there = frozenset(one.value for one in taken if _ended(one) <= at_ns)
    return Read(began_at_ns=at_ns, ended_at_ns=at_ns + 1, values=there)


def _counted(taken: list[Operation], at_ns: int) -> CounterRead:
    there = sum(_ended(one) <= at_ns for one in taken)
    return CounterRead(value=there, began_at_ns=at_ns, ended_at_ns=at_ns + 1)


def _transferred(count: int) -> Iterator[Snapshot]:
    balances = dict.fromkeys(_ACCOUNTS, _EACH)
    for n in range(min(count, 50)):
        giver, taker = _ACCOUNTS[n % 3], _ACCOUNTS[(n + 1) % 3]
        balances[giver], balances[taker] = balances[giver] - 1, balances[taker] + 1
        yield Snapshot(at_ns=n, balances=dict(balances))


def _under_terms(history: History, taken: list[Operation]) -> History:
    """The same under two terms, the second from the middle on: what was under way then belongs to neither."""
    middle = _ended(taken[len(taken) // 2]) if taken else 0

    def term(one: Operation) -> Operation:
        if one.outcome is not Outcome.OK:
            return one
        return replace(one, epoch=1 if _ended(one) <= middle else 2 if one.sent_at_ns > middle else -1)

    return replace(history, operations=tuple(term(one) for one in history.operations))


def _ended(one: Operation) -> int:
    return one.ended_at_ns if one.ended_at_ns is not None else one.sent_at_ns


def _set(found: Recorded) -> list[str]:
    return check_set(found.history, found.values).complaints()


def _loss(found: Recorded) -> list[str]:
    verdict = check_set(found.history, found.values)
    holes = loss_of(found.history, verdict, fault_at_ns=0).holes
    return [f"{counted_as(len(holes), 'survivor')} of a later commit than one that was lost"] if holes else []


def _set_full(found: Recorded) -> list[str]:
    verdict = check_set_full(found.history, found.reads)
    said = [f"{counted_as(len(verdict.lost), 'write')} seen and then gone"] if verdict.lost else []
    return said + ([f"a read is stale by {verdict.longest_stale_s:.1f} s"] if verdict.stale_s else [])


def _queue(found: Recorded) -> list[str]:
    return check_total_queue(found.history, found.values).complaints(at_least_once=False)


def _kafka(found: Recorded) -> list[str]:
    return check_kafka(found.history, found.polls).complaints()


def _writers(found: Recorded) -> list[str]:
    late = two_writers(found.history)
    return [f"two writers for {late.seconds:.1f} s"] if late.late else []


def _counter(found: Recorded) -> list[str]:
    additions = [
        Addition(amount=1, sent_at_ns=one.sent_at_ns, ended_at_ns=one.ended_at_ns, outcome=one.outcome)
        for one in found.history.operations
    ]
    return check_counter(additions, found.counted).complaints()


def _bank(found: Recorded) -> list[str]:
    total = _EACH * len(_ACCOUNTS)
    return check_bank(found.snapshots, accounts=frozenset(_ACCOUNTS), total=total).complaints()


def _unique(found: Recorded) -> list[str]:
    return check_unique_ids(found.issued).complaints()


#: By name: what a checker says of a recorded history, nothing where it is clean.
CHECKERS: Final[Mapping[str, Callable[[Recorded], list[str]]]] = {
    "set": _set,
    "loss": _loss,
    "set-full": _set_full,
    "total-queue": _queue,
    "kafka": _kafka,
    "two-writers": _writers,
    "counter": _counter,
    "bank": _bank,
    "unique-ids": _unique,
}


def said_of(found: Recorded) -> dict[str, list[str]]:
    """What each checker says; those that say nothing are left out. Raises ProbeError where one can say nothing."""
    said = {name: check(found) for name, check in CHECKERS.items()}
    return {name: lines for name, lines in said.items() if lines}
