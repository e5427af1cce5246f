"""What each checker of histories costs for a million operations; the objective is 20 s and linear memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from meshproof.history.bank import Snapshot, check_bank
from meshproof.history.counter import Addition, CounterRead, check_counter
from meshproof.history.kafka import Polled, check_kafka
from meshproof.history.operation import History, Operation, Outcome, value_of
from meshproof.history.set_full import Read, check_set_full
from meshproof.history.sets import check_set
from meshproof.history.total_queue import check_total_queue
from meshproof.history.unique_ids import check_unique_ids
from meshproof.process import require, run

SIZES = (100_000, 1_000_000)
WITHIN_S = 600.0
_READS = 10
_PARTITIONS = 12


def checkers() -> list[tuple[str, str]]:
    """Every checker in a process of its own, over a history with one planted anomaly that it has to find."""
    rows: list[tuple[str, str]] = []
    for name in CHECKERS:
        said = []
        for size in SIZES:
            argv = [sys.executable, str(Path(__file__)), name, str(size)]
            done = require(run(argv, cwd=Path(__file__).parents[1], within_s=WITHIN_S), doing=f"judging by {name}")
            seconds, mebibytes = done.stdout.split()
            said.append(f"{size:,}: {seconds} s, {mebibytes} MiB")
        rows.append((name, "; ".join(said)))
    return rows


def _history(size: int) -> History:
    """Writes of 50 clients into the log of one store, or into 12 partitions of a stream."""
    return History(
        operations=tuple(
            Operation(
                value=value_of(n % 50, n // 50),
                client_class="pool",
                endpoint="127.0.0.1:9092",
                sent_at_ns=n * 1000,
                ended_at_ns=n * 1000 + 500,
                outcome=Outcome.OK,
                by=f"orders/{n % _PARTITIONS}",
                epoch=1,
                position=n // _PARTITIONS,
            )
            for n in range(size)
        )
    )


def _set(size: int) -> Callable[[], int]:
    made = _history(size)
    final = [one.value for one in made.operations[:-1]]
    return lambda: len(check_set(made, final).lost)


def _set_full(size: int) -> Callable[[], int]:
    """Ten reads while it is written; the last one misses a write that the one before it saw."""
    made, reads = _history(size), []
    for n in range(1, _READS + 1):
        until = size * n // _READS
        values = frozenset(one.value for one in made.operations[: until - (n == _READS)])
        reads.append(Read(began_at_ns=until * 1000, ended_at_ns=until * 1000 + 10, values=values))
    return lambda: len(check_set_full(made, reads).lost)


def _total_queue(size: int) -> Callable[[], int]:
    made = _history(size)
    delivered = [one.value for one in made.operations[:-1]]
    return lambda: len(check_total_queue(made, delivered).lost)


def _kafka(size: int) -> Callable[[], int]:
    made = _history(size)
    polls = [Polled("audit", one.by, one.position, one.value) for one in made.operations if one.position != 1]
    return lambda: len(check_kafka(made, polls).lost) // _PARTITIONS


def _counter(size: int) -> Callable[[], int]:
    additions = [
        Addition(amount=1, sent_at_ns=n * 1000, ended_at_ns=n * 1000 + 500, outcome=Outcome.OK)
        for n in range(size // 2)
    ]
    reads = [CounterRead(value=n, began_at_ns=n * 1000 - 200, ended_at_ns=n * 1000 - 100) for n in range(size // 2)]
    reads[-1] = replace(reads[-1], value=0)
    return lambda: len(check_counter(additions, reads).errors)


def _bank(size: int) -> Callable[[], int]:
    accounts = [f"account {n}" for n in range(8)]
    seen = [Snapshot(at_ns=n, balances=dict.fromkeys(accounts, 10)) for n in range(size)]
    seen[-1] = Snapshot(at_ns=size, balances={**seen[-1].balances, "account 0": 9})
    return lambda: len(check_bank(seen, accounts=frozenset(accounts), total=80).wrong_totals)


def _unique_ids(size: int) -> Callable[[], int]:
    issued = [*range(size - 1), 0]
    return lambda: len(check_unique_ids(issued).duplicated)


CHECKERS = {
    "set": _set,
    "set-full, ten reads": _set_full,
    "total-queue": _total_queue,
    "kafka": _kafka,
    "counter": _counter,
    "bank": _bank,
    "unique-ids": _unique_ids,
}


def _judged() -> None:
    """In a process of its own: seconds of the checker and mebibytes that it took beside the history."""
    judge = CHECKERS[sys.argv[1]](int(sys.argv[2]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    found = judge()
    took = time.monotonic() - began
    used = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert found == 1, f"{sys.argv[1]}: found {found} of 1 planted anomaly"  # noqa: S101  a benchmark that is wrong is void
    sys.stdout.write(f"{took:.2f} {used:.0f}\n")


if __name__ == "__main__":
    _judged()
