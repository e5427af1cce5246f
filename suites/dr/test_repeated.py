"""The loss of the primary site again and again: at the declared times, and often enough to say how rare a miss is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from fixtures.drill.site_loss import Drill
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from suites.dr.coming_back import why_not_back
from suites.policy.classes import ByClass
from suites.policy.runbooks import objective

SHOWN_BY: Final = ("embedded",)
FAILOVER: Final = "unit:global/failover"
STANDBY: Final = "*standby_database*"
TESTED: Final = (
    "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_dr_tested.html"
)
#: Only production promises its customers a time: elsewhere the drills of the gate are enough.
AT_SCALE_1: Final = ByClass(production=3, rehearsal=0, trial=0)
#: The worst of 59 bounds 95 of 100 with 95 % confidence: 0.95 to the power of 59 is below 0.05.
OFTEN: Final = ByClass(production=59, rehearsal=0, trial=0)

UNSCALED = Control(
    id="DR-351",
    title="At the declared times, unscaled, the shop MUST meet its objectives again within the recovery time objective",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=TESTED,
    remedy="Shorten detection, the alarm's period, the lease or the longest transaction, or state a longer objective.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.3", "hipaa": "164.308(a)(7)(ii)(D)"},
    mutants=[
        edit("unit", FAILOVER, {"inputs": {"runbook": {"lease_s": 240}}}, says="more than the objective of 300 s"),
    ],
)


@checks(UNSCALED)
def test_the_shop_is_back_at_the_declared_times(
    site_losses: Callable[..., Observed[Drill]], platform: Platform
) -> None:
    """Three losses of the primary site, each as long as it would be; no time is multiplied."""
    rto_s = objective(platform, "rto") or 0.0
    times = AT_SCALE_1.of(platform) if rto_s else 0
    seen = _repeated(partial(site_losses, scale=1.0), times, lambda drill: _is_back(drill, rto_s))
    back_s = [one.value.recovery.in_objective_s for one in seen]
    if back_s and None not in back_s:
        measure("recovery time, unscaled, worst of 3", max(filter(None, back_s)), "s", objective=rto_s)
    findings = judge(seen, lambda one: _is_back(one.value, rto_s))

    assert not findings.broken, findings.table()


def _is_back(drill: Drill, rto_s: float) -> Iterator[str]:
    back_s = drill.recovery.in_objective_s or 0.0
    if (why := why_not_back(drill)) is not None:
        yield why
    elif back_s > rto_s:
        yield f"the shop is back after {back_s:.0f} s, more than the objective of {rto_s:.0f} s"


REPEATED = Control(
    id="DR-352",
    title="Nineteen of twenty losses of the primary site MUST keep both recovery objectives",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=TESTED,
    remedy="Look at the drill that missed: its stages say which step took longest, its ledger which writes were lost.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    mutants=[
        edit("unit", FAILOVER, {"inputs": {"runbook": {"lease_s": 240}}}, says="more than the objective of 300 s"),
        edit(
            "google_sql_database_instance",
            STANDBY,
            {"settings": [{"database_flags": [{}] * 23 + [{"value": "0"}]}]},
            says="acknowledged writes lost",
        ),
    ],
)


@checks(REPEATED)
def test_a_miss_is_rare(site_losses: Callable[..., Observed[Drill]], platform: Platform) -> None:
    """Fifty-nine drills: the worst of each measured stage bounds nineteen of twenty, with 95 % confidence."""
    rto_s, rpo_s = objective(platform, "rto") or 0.0, objective(platform, "rpo_cross_cloud")
    times = OFTEN.of(platform) if rto_s and rpo_s is not None else 0

    def promise(drill: Drill) -> Iterator[str]:
        return _keeps_both(drill, rto_s, rpo_s or 0.0)

    seen = _repeated(site_losses, times, promise)
    if len(seen) == times > 0:
        _tell([one.value for one in seen], rto_s, rpo_s or 0.0)
    findings = judge(seen, lambda one: promise(one.value))

    assert not findings.broken, findings.table()


def _keeps_both(drill: Drill, rto_s: float, rpo_s: float) -> Iterator[str]:
    loss = drill.audit.loss
    if (why := why_not_back(drill)) is not None:
        yield why
    elif (took_s := drill.at_scale_1("last client", drill.recovery.in_objective_s or 0.0)) > rto_s:
        yield f"the shop is back after {took_s:.0f} s, more than the objective of {rto_s:.0f} s"
    if loss.seconds > rpo_s:
        yield f"{loss.count} acknowledged writes lost, the oldest {loss.seconds:.2f} s old, objective {rpo_s:g} s"
    if loss.holes or drill.audit.verdict.duplicated or drill.audit.verdict.unexpected:
        yield "writes are doubled, out of nowhere or missing in the midst of others"


def _tell(drills: list[Drill], rto_s: float, rpo_s: float) -> None:
    """What does not scale, at its worst: 95 of 100 failovers are not worse than that."""
    own_s = max(one.recovery.own_s for one in drills)
    back_s = max(one.at_scale_1("last client", one.recovery.in_objective_s or 0.0) for one in drills)
    measure(f"the programs' own time, worst of {len(drills)}", own_s, "s")
    measure(f"recovery time at scale 1, worst of {len(drills)}", back_s, "s", objective=rto_s)
    for name in drills[0].recovery.foretold():
        apart_s = [at_s - one.expected(name) for one in drills if (at_s := one.recovery.foretold()[name]) is not None]
        measure(f"{name}, measured less predicted, worst of {len(apart_s)}", max(apart_s, key=abs, default=0.0), "s")
    lost_s = max(one.audit.loss.seconds for one in drills)
    measure(f"recovery point, worst of {len(drills)}", lost_s, "s", objective=rpo_s)


def _repeated(
    drill: Callable[..., Observed[Drill]], times: int, promise: Callable[[Drill], Iterator[str]]
) -> list[Observed[Drill]]:
    """Drills until one breaks the promise: what is broken once is broken."""
    seen: list[Observed[Drill]] = []
    for number in range(times):
        seen.append(drill(number=number))
        if any(promise(seen[-1].value)):
            break
    return seen
