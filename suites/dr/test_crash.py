"""The crash of the writer: what it acknowledged is there when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.crash import Crash
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed

#: Where the parameter stands among the declared ones, which are in the order of their names.
_SYNCHRONOUS_COMMIT: Final = 19

DURABLE = Control(
    id="DR-310",
    title="A write that the database acknowledged MUST survive the death of all its processes",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/wal-async-commit.html",
    remedy="Set synchronous_commit on: a commit is acknowledged once it is on disk.",
    targets=("embedded",),
    frameworks={"nist": "CP-9", "soc2": "PI1.5"},
    mutants=[
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.aws_rds_cluster_parameter_group.primary",
            {"parameter": [{}] * _SYNCHRONOUS_COMMIT + [{"value": "off"}]},
            says="acknowledged writes lost",
        ),
    ],
)


@checks(DURABLE)
def test_what_was_acknowledged_survives_a_crash(writer_crash: Observed[Crash]) -> None:
    """Four connections write as fast as they are answered; all processes die at once and the server starts again."""
    findings = judge([writer_crash], lambda one: _is_durable(one.value))

    assert not findings.broken, findings.table()


def _is_durable(drill: Crash) -> Iterator[str]:
    if drill.history.cut:
        raise ProbeError(drill.history.cut)
    measure("writes lost by a crash", drill.loss.count, "writes", objective=0)
    if drill.verdict.lost:
        yield (
            f"{drill.loss.count} of {drill.verdict.acknowledged} acknowledged writes lost, the oldest "
            f"{drill.loss.seconds:.2f} s old; synchronous_commit is {drill.setting}"
        )
    if drill.verdict.duplicated or drill.verdict.unexpected:
        yield from (said for said in drill.verdict.complaints() if "lost" not in said)
    if drill.loss.holes:
        yield f"{len(drill.loss.holes)} writes that were sent after lost ones are there: not a suffix"
