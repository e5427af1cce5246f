"""What customers meet in the first minute of the standby, when all of them come at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from fixtures.drill.stampede import Stampede
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.platform import Platform
from meshproof.errors import ProbeError
from meshproof.observation import Observed

#: A minute with a greater share of errors burns the month's budget so fast that somebody is woken.
#: Source: https://sre.google/workbook/alerting-on-slos/ (multiwindow, multi-burn-rate alerts).
WAKES_AT: Final = 14.4

CROWD = Control(
    id="DR-342",
    title="The standby MUST take a crowd that comes all at once when it opens without an error rate that wakes somebody",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_dr_tested.html",
    remedy="Give the standby the primary's connection pools, limits and sizes: it is as busy from its first second.",
    targets=("embedded",),
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.1"},
    mutants=[
        edit(
            "DestinationRule",
            "standby:shop/orders",
            {
                "spec": {
                    "trafficPolicy": {
                        "connectionPool": {"tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1}}
                    }
                }
            },
            says="of the first minute's writes failed",
        ),
    ],
)


@checks(CROWD)
def test_the_standby_takes_everybody_at_once(crowd: Observed[Stampede], platform: Platform) -> None:
    """84 programs wait for the failover's end and ask in the same moment, twice a second from then on."""
    target = _target(platform)
    findings = judge([crowd] if target is not None else [], lambda one: _takes(one.value, target or 0.0))

    assert not findings.broken, findings.table()


def _target(platform: Platform) -> float | None:
    """The share of orders that are to be answered."""
    found = [one for one in platform.all("SLO") if one.text("metadata.name") == "orders-availability"]
    return found[0].number("spec.objectives.0.target") if found else None


def _takes(drill: Stampede, target: float) -> Iterator[str]:
    if drill.execution is None or drill.execution.last != "Promoted":
        message = "the promotion did not succeed: nobody came"
        raise ProbeError(message)
    limit = WAKES_AT * (1 - target)
    measure("stampede: failed in the first minute", drill.failed_share, "ratio", objective=limit)
    times = [one for each in drill.first_s.values() for one in each]
    if math.inf in times:
        yield f"{times.count(math.inf)} of {drill.clients} clients never got in"
    else:
        measure("stampede: last client in", max(times), "s")
    if drill.failed_share > limit:
        worst = max(drill.failed, key=drill.failed.__getitem__)
        yield (
            f"{drill.failed_share:.1%} of the first minute's writes failed, {limit:.1%} wake somebody; "
            f"most of {worst}: {'; '.join(drill.why)}"
        )
    yield from (said for said in drill.verdict.complaints() if "lost" not in said)
