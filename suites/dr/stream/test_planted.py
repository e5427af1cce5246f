"""The checkers themselves, on what a drill recorded: silent as it is, and each finds the defect that is planted."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from fixtures.stream.broker_loss import BrokerLoss
from meshproof import Control, Level, Pillar, checks, judge, measure
from meshproof.errors import ProbeError
from meshproof.history.evidence import recorded, said_of
from meshproof.history.planting import DEFECTS
from meshproof.observation import Observed
from suites.dr.stream.properties import JEPSEN, SHOWN_BY, UNCLEAN

#: Each defect is planted at so many places, by a seed of its own.
SEEDS: Final = range(5)

SEES: Final = Control(
    id="DR-325",
    title="Every checker MUST find its planted defect in a recorded history, and MUST say nothing of a clean one",
    system="dr",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=JEPSEN,
    remedy="Mend the checker before believing any verdict of it; a history that is not clean is a finding of its own.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CA-2", "soc2": "CC4.1"},
    mutants=[UNCLEAN],
)


@checks(SEES)
def test_planted_defects_are_found(broker_loss: Observed[BrokerLoss]) -> None:
    """Dropped, doubled, swapped, stale, skipped, made up, forgotten: at five places of the history each."""
    findings = judge([broker_loss], lambda one: _sees(one.value))

    assert not findings.broken, findings.table()


def _sees(drill: BrokerLoss) -> Iterator[str]:
    if drill.history.cut:
        raise ProbeError(drill.history.cut)
    clean = recorded(drill.history, drill.polls)
    if said := said_of(clean):
        yield "; ".join(f"{name} says of the history as it is: {', '.join(lines)}" for name, lines in said.items())
        return
    missed = [one.missed(clean, Random(seed)) for one in DEFECTS for seed in SEEDS]  # noqa: S311  no secret
    measure("planted defects found", missed.count(""), "defects", objective=len(missed))
    yield from (one for one in missed if one)
