"""Every planted defect is found by its checker, in every history, and clean histories are silent."""

from __future__ import annotations

from random import Random

import pytest

from meshproof.errors import ProbeError
from meshproof.history.evidence import recorded, said_of
from meshproof.history.kafka import Polled
from meshproof.history.operation import Operation, Outcome, value_of
from meshproof.history.planting import DEFECTS, Defect
from tests.history.histories import SECOND, history, written

#: Silence in 59 of 59 bounds the rate of false alarms to 5 % with 95 % confidence.
CLEAN = range(59)


def _simulated(seed: int) -> tuple[list[Operation], list[Polled]]:
    """What clients that wait for nobody saw of a faultless stream of a few partitions.

    A write is committed at an instant between its sending and its answer; some answers never come, some are refusals.
    """
    chance = Random(seed)  # noqa: S311  no secret
    partitions = chance.randrange(1, 5)
    offsets = dict.fromkeys(range(partitions), -1)
    commits: list[tuple[float, float, float, int, Outcome]] = []
    for n in range(chance.randrange(40, 120)):
        sent = n * 0.05 + chance.random() * 0.2
        ended = sent + 0.001 + chance.random() * 0.3
        outcome = chance.choices(list(Outcome), [8, 1, 2])[0]
        commits.append((chance.uniform(sent, ended), sent, ended, n, outcome))
    log, operations = list[Polled](), list[Operation]()
    for _, sent, ended, n, outcome in sorted(commits):
        to, value = chance.randrange(partitions), value_of(n % 7, n // 7)
        name = f"orders/{to}"
        if outcome is Outcome.OK or (outcome is Outcome.INDETERMINATE and chance.random() < 0.5):
            offsets[to] += chance.choice([1, 1, 1, 2])
            log.append(Polled("audit", name, offsets[to], value))
        position = offsets[to] if outcome is Outcome.OK else -1
        operations.append(written(value, outcome, sent_s=sent, took_s=ended - sent, by=name, position=position))
    return sorted(operations, key=lambda one: one.sent_at_ns), log


def test_clean_histories_are_silent() -> None:
    """No checker says anything of any of them."""
    said = {seed: said_of(recorded(history(*ops), tuple(log))) for seed in CLEAN for ops, log in [_simulated(seed)]}

    assert len(said) == len(CLEAN)
    assert {seed: one for seed, one in said.items() if one} == {}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.name.replace(" ", "-") + "-" + one.checker)
def test_every_defect_is_found_in_every_history(defect: Defect) -> None:
    """By the checker that has to."""
    missed = []
    for seed in CLEAN:
        operations, log = _simulated(seed)
        clean = recorded(history(*operations), tuple(log))
        missed.append(defect.missed(clean, Random(seed)))  # noqa: S311  no secret

    assert [one for one in missed if one] == []
    assert len(missed) == len(CLEAN)


def test_a_defect_that_is_not_found_is_named() -> None:
    """With what the checker said instead."""
    blind = Defect(name="nothing at all", checker="set", says="lost", plant=lambda found, _: found)
    made = recorded(history(written(1)), (Polled("audit", "orders/0", 1, 1),))

    assert blind.missed(made, Random(1)) == "set does not find: nothing at all; it says nothing"  # noqa: S311


@pytest.mark.parametrize("name", ["two commits are swapped", "a record is skipped", "a second writer for a second"])
def test_a_history_without_room_for_a_defect_is_unknown(name: str) -> None:
    """Nothing planted is no proof."""
    made = recorded(history(written(1, by="orders/0", position=1)), (Polled("audit", "orders/0", 1, 1),))
    (defect,) = (one for one in DEFECTS if one.name == name)

    with pytest.raises(ProbeError, match="too short for this defect"):
        defect.missed(made, Random(SECOND))  # noqa: S311  no secret
