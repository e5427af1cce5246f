"""A replica that stopped without a word: the declared alarm tells in time, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.silence import Silence
from meshproof import Control, Level, Pillar, checks, edit, judge, measure, remove
from meshproof.observation import Observed

ALARM: Final = 'module.primary_database.aws_cloudwatch_metric_alarm.peer["replication-lag"]'

TOLD = Control(
    id="DR-314",
    title="A replica of the peer region that silently stopped MUST be told of by the declared alarm within five minutes",
    system="aurora",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-monitoring.html",
    remedy="Declare an alarm on the replication lag, breaching on missing data, below the recovery point and above the usual lag.",
    targets=("embedded",),
    tier="nightly",
    frameworks={"nist": "SI-4", "soc2": "A1.2"},
    mutants=[
        edit("aws_cloudwatch_metric_alarm", ALARM, {"threshold": 3600000}, says="no alarm within"),
        remove("aws_cloudwatch_metric_alarm", ALARM, says="no alarm is declared"),
        edit("aws_cloudwatch_metric_alarm", ALARM, {"threshold": 0}, says="before anything had stopped"),
    ],
)


@checks(TOLD)
def test_a_silent_replica_is_told_of(silenced: Observed[Silence]) -> None:
    """The process that receives the log stands still; its server goes on answering, as if all were well."""
    findings = judge([silenced], lambda one: _is_told(one.value))

    assert not findings.broken, findings.table()


def _is_told(drill: Silence) -> Iterator[str]:
    if drill.alarm is None:
        yield drill.unseen
        return
    measure("usual lag of the peer region, at most", drill.worst_ms, "ms", objective=drill.alarm.threshold_ms)
    if drill.early or drill.worst_ms > drill.alarm.threshold_ms:
        yield f"{drill.worst_ms:.0f} ms are above {drill.alarm.threshold_ms:g} ms before anything had stopped"
    if drill.raised_s is None:
        yield f"no alarm within {drill.within_s:.1f} s of the fault, at {drill.alarm.threshold_ms:g} ms"
        return
    measure("silent replica told of", drill.raised_s, "s", objective=drill.within_s)
