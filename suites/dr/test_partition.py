"""Partitions of the controller: who sees less than the others decides nothing, and a cut never makes two writers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.partition import Partitioned
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed

SHOWN_BY: Final = ("embedded",)
FAILOVER: Final = "unit:global/failover"

MAJORITY = Control(
    id="DR-334",
    title="An observer that alone cannot reach the primary MUST NOT move the pen",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://patroni.readthedocs.io/en/latest/ha_multi_dc.html",
    remedy="Ask at least three observers in different places, and act on what most of them see.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SI-4", "soc2": "A1.2"},
    mutants=[edit("unit", FAILOVER, {"inputs": {"runbook": {"quorum": 1}}}, says="moved the pen")],
)


@checks(MAJORITY)
def test_one_observer_decides_nothing(partitioned: Observed[Partitioned]) -> None:
    """Its road to the primary falls silent, the others' do not, and somebody starts the promotion."""
    findings = judge([partitioned], lambda one: _stands(one.value))

    assert not findings.broken, findings.table()


def _stands(drill: Partitioned) -> Iterator[str]:
    cut = drill.one
    if not cut.taken["primary"]:
        message = "nobody wrote at the primary while one observer was cut off: nothing was seen of what that costs"
        raise ProbeError(message)
    if cut.execution.last != "StoodDown" or cut.taken["standby"]:
        down, up = cut.votes
        yield f"one observer of {down + up} moved the pen: the runbook ended in {cut.execution.last}"
    elif cut.failed:
        yield f"{cut.failed} writes at the primary failed although only one observer missed it"


WHOLE = Control(
    id="DR-335",
    title="A primary that only the controller cannot reach MUST stop writing before its successor begins",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://github.blog/news-insights/company-news/oct21-post-incident-analysis/",
    remedy="Let a writer that nobody renews end by itself, and wait for that before another is opened.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "PI1.4"},
    mutants=[
        edit(
            "StateMachine",
            "*promotion",
            {"States": {"Fence": {"Next": "CheckLag"}}},
            says="two sites acknowledged writes",
        ),
    ],
)


@checks(WHOLE)
def test_a_controller_cut_off_makes_no_two_writers(partitioned: Observed[Partitioned]) -> None:
    """Clients and replication go on at the primary; observers, keepers and the runbook's steps reach nothing there."""
    findings = judge([partitioned], lambda one: _is_one(one.value))

    assert not findings.broken, findings.table()


def _is_one(drill: Partitioned) -> Iterator[str]:
    cut, writers = drill.all, drill.writers
    if drill.history.cut:
        raise ProbeError(drill.history.cut)
    if not cut.taken["primary"]:
        message = "nobody wrote at the primary while the controller was cut off: it was no partition of the controller"
        raise ProbeError(message)
    measure("two writers, controller cut off", writers.seconds, "s", objective=0.0)
    measure("writes lost, controller cut off", drill.loss.count, "writes")
    if writers.late:
        yield f"two sites acknowledged writes for {writers.seconds:.2f} s: {len(writers.late)} under an older epoch"
        return
    if cut.execution.last != "Promoted" or not cut.taken["standby"]:
        yield f"nobody could take over: the runbook ended in {cut.execution.last}"
    if not cut.failed:
        yield "the primary was never closed: nothing ended its lease"
    if drill.loss.seconds > drill.rpo_s:
        yield f"{drill.loss.count} writes lost, the oldest {drill.loss.seconds:.2f} s old, objective {drill.rpo_s:g} s"
    yield from (said for said in drill.verdict.complaints() if "lost" not in said)
