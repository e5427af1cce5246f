"""What must not fail over, and what must not come back as a second writer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.disturbed import FLAP_S, Disturbed
from fixtures.drill.metronome import require_in_time
from fixtures.drill.site import SHORTEST_LOOK_S
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed

SHOWN_BY: Final = ("embedded",)
ROUTE_53: Final = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
CHECK: Final = "module.global_failover.aws_route53_health_check.primary"
RECORDS: Final = "module.global_failover.aws_route53_record"

STEADY = Control(
    id="DR-307",
    title="An outage of fifteen seconds MUST neither move the name nor start a promotion",
    system="dns",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ROUTE_53}dns-failover-determining-health-of-endpoints.html",
    remedy="Let the health check fail over only after enough failures in a row.",
    targets=SHOWN_BY,
    frameworks={"nist": "SI-4", "soc2": "A1.2"},
    mutants=[edit("aws_route53_health_check", CHECK, {"failure_threshold": 1}, says="moved the name")],
)


@checks(STEADY)
def test_a_flap_changes_nothing(disturbed: Observed[Disturbed]) -> None:
    """The primary's entrance hangs for fifteen declared seconds; the name and the runbook are watched for a period more."""
    findings = judge([disturbed], lambda one: _is_steady(one.value))

    assert not findings.broken, findings.table()


def _is_steady(drill: Disturbed) -> Iterator[str]:
    if drill.flap.moved or drill.flap.changes:
        require_in_time(drill.flap.stalled_s, SHORTEST_LOOK_S, "the health check changed its mind")
        yield f"an outage of {FLAP_S:g} s moved the name or the health check: {drill.flap.changes} changes"
    if drill.flap.started:
        yield f"an outage of {FLAP_S:g} s started the runbook"


OPEN = Control(
    id="DR-308",
    title="With neither site healthy the name MUST lead to the primary",
    system="dns",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ROUTE_53}dns-failover-problems.html",
    remedy="Give the standby's record a health check too: without one it is given out however it fares.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("aws_route53_record", f"{RECORDS}.standby", {"health_check_id": None}, says="leads to the standby"),
    ],
)


@checks(OPEN)
def test_the_name_fails_open(disturbed: Observed[Disturbed]) -> None:
    """The entrances of both sites hang until every checker has seen enough of it."""
    findings = judge([disturbed], lambda one: _is_open(one.value))

    assert not findings.broken, findings.table()


def _is_open(drill: Disturbed) -> str | None:
    if not drill.neither:
        message = "the checkers did not take both sites for unhealthy in time: nothing was seen of what follows"
        raise ProbeError(message)
    return None if drill.neither == "primary" else f"with neither site healthy the name leads to the {drill.neither}"


FENCED = Control(
    id="DR-309",
    title="A primary that comes back after its replacement MUST NOT acknowledge a write, even to clients that never left it",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://patroni.readthedocs.io/en/latest/watchdog.html",
    remedy="Let the store itself refuse an older epoch and an ended lease, which runs from before it was asked for, and "
    "promote only after both are certain.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "PI1.4"},
    mutants=[
        edit(
            "StateMachine",
            "*promotion",
            {"States": {"Fence": {"Next": "CheckLag"}}},
            says="acknowledged by a site that had been replaced",
        ),
    ],
)


@checks(FENCED)
def test_a_zombie_is_refused(disturbed: Observed[Disturbed]) -> None:
    """All of the primary stands still, the standby is promoted, and the primary goes on with its clients.

    It goes on with a renewal of its lease too, which was under way when it stopped.
    """
    findings = judge([disturbed], lambda one: _is_fenced(one.value))

    assert not findings.broken, findings.table()


def _is_fenced(drill: Disturbed) -> Iterator[str]:
    zombie = drill.zombie
    if zombie.execution is None or zombie.execution.last != "Promoted":
        ended = "has not ended" if zombie.execution is None else f"ended in {zombie.execution.last}"
        message = f"the promotion {ended}: nobody was replaced"
        raise ProbeError(message)
    if not zombie.late:
        message = "no renewal of its lease was on its way to the primary: nothing was seen of one that comes late"
        raise ProbeError(message)
    if not zombie.pinned_after:
        message = "no client wrote to the primary after it had come back: nothing was seen of what it answers"
        raise ProbeError(message)
    measure("two writers, frozen site", zombie.writers.seconds, "s", objective=0.0)
    measure("writes refused by a site that came back", zombie.refused_after, "writes")
    if zombie.writers.late:
        yield (
            f"{len(zombie.writers.late)} writes were acknowledged by a site that had been replaced, "
            f"up to {zombie.writers.seconds:.2f} s after its successor's first"
        )
    if zombie.verdict.duplicated or zombie.verdict.unexpected:
        yield from zombie.verdict.complaints()
