"""The way back to a primary that was repaired, under the same ledger, and that nobody ever wrote beside the writer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.site_loss import Drill
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed

SHOWN_BY: Final = ("embedded",)
PILLAR: Final = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/"
FAILBACK: Final = "*failback"
#: As long as a read may take to be answered by the other site: a planned return costs no more than that.
PAUSED_WITHIN_S: Final = 10.0

RETURNED = Control(
    id="DR-305",
    title="The declared failback MUST bring every client back to the repaired primary without losing a write",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{PILLAR}rel_planning_for_recovery_dr_tested.html",
    remedy="Seed the primary anew, drain and compare before it is opened, and reset the latch.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "A1.3"},
    mutants=[
        edit(
            "StateMachine",
            FAILBACK,
            {"States": {"Switch": {"Parameters": {"MetricData": [{"Value": 1}]}}}},
            says="SwitchByHand",
        ),
        edit("StateMachine", FAILBACK, {"States": {"ClosePrimary": {"Next": "AwaitSync"}}}, says="failback ended in"),
    ],
)


@checks(RETURNED)
def test_the_way_back_loses_nothing(round_trip: Observed[Drill]) -> None:
    """Every write of both directions against what the primary holds in the end, and who writes there again."""
    findings = judge([round_trip], lambda one: _is_back(one.value))

    assert not findings.broken, findings.table()


def _is_back(drill: Drill) -> Iterator[str]:
    back = drill.back
    if back is None or back.execution is None:
        message = "the failover did not succeed, or the failback has not ended: there is no way back to judge"
        raise ProbeError(message)
    if back.execution.last != "Returned":
        errors = [f", {one.name}: {one.error}" for one in back.execution.steps if one.error]
        yield f"the failback ended in {back.execution.last}{errors[-1] if errors else ''}"
    if back.never:
        yield f"clients of the classes {', '.join(back.never)} did not return"
    before = {one.value for one in drill.audit.verdict.lost}
    if lost := [one.value for one in back.verdict.lost if one.value not in before]:
        yield f"{len(lost)} acknowledged writes that the failover had kept are lost: {', '.join(map(str, lost[:5]))}"
    if back.verdict.duplicated or back.verdict.unexpected:
        yield from (said for said in back.verdict.complaints() if "lost" not in said)
    measure("pause of a failback", back.paused_s, "s", objective=PAUSED_WITHIN_S)
    if back.paused_s > PAUSED_WITHIN_S:
        yield f"nobody could write for {back.paused_s:.1f} s, more than {PAUSED_WITHIN_S:g} s"


ONE_WRITER = Control(
    id="DR-306",
    title="At no time of a failover and failback MUST two sites acknowledge writes",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://github.blog/news-insights/company-news/oct21-post-incident-analysis/",
    remedy="Close the old writer, or wait until its lease is over, before the new one is opened.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "PI1.4"},
    mutants=[
        edit("StateMachine", FAILBACK, {"States": {"Fence": {"Next": "OpenPrimary"}}}, says="two sites acknowledged"),
    ],
)


@checks(ONE_WRITER)
def test_there_is_one_writer(round_trip: Observed[Drill]) -> None:
    """No write under an older epoch was sent after one under a newer epoch had been acknowledged."""
    findings = judge([round_trip], lambda one: _is_one(one.value))

    assert not findings.broken, findings.table()


def _is_one(drill: Drill) -> str | None:
    writers = drill.audit.writers if drill.back is None else drill.back.writers
    measure("two writers", writers.seconds, "s", objective=0.0)
    if writers.late:
        return f"two sites acknowledged writes for {writers.seconds:.2f} s: {len(writers.late)} under an older epoch"
    return None
