"""The loss of the primary site, drilled: how long it takes, whether the numbers foretold it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.metronome import require_in_time
from fixtures.drill.site_loss import Drill
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.platform import Platform
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from suites.dr.coming_back import ending, why_not_back
from suites.policy.runbooks import objective

SHOWN_BY: Final = ("embedded",)
FAILOVER: Final = "unit:global/failover"
PILLAR: Final = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/"
JEPSEN: Final = "https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/checker.clj"
PROMOTION: Final = "*promotion"

RECOVERED = Control(
    id="DR-301",
    title="The shop MUST meet its objectives again within the recovery time objective after losing the primary site",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{PILLAR}rel_planning_for_recovery_dr_tested.html",
    remedy="Shorten detection, the alarm's period, the lease or the longest transaction, or state a longer objective.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10", "soc2": "A1.3", "hipaa": "164.308(a)(7)(ii)(D)"},
    mutants=[
        edit("unit", FAILOVER, {"inputs": {"runbook": {"lease_s": 240}}}, says="more than the objective of 300 s"),
        edit("StateMachine", PROMOTION, {"States": {"Fence": {"Next": "LostRace"}}}, says="LostRace"),
    ],
)


@checks(RECOVERED)
def test_the_shop_is_back_within_its_objective(site_loss: Observed[Drill], platform: Platform) -> None:
    """From the fault to the first minute in which every write of every client is acknowledged, at scale 1."""
    rto_s = objective(platform, "rto") or 0.0
    findings = judge([site_loss] if rto_s else [], lambda one: _is_back(one.value, rto_s))

    assert not findings.broken, findings.table()


def _is_back(drill: Drill, rto_s: float) -> Iterator[str]:
    if (why := why_not_back(drill)) is not None:
        yield why
    else:
        took_s = drill.at_scale_1("last client", drill.recovery.in_objective_s or 0.0)
        measure("recovery time at scale 1", took_s, "s", objective=rto_s, objective_source="recovery.yaml")
        if took_s > rto_s:
            yield f"the shop is back after {took_s:.0f} s, more than the objective of {rto_s:.0f} s"


FORETOLD = Control(
    id="DR-302",
    title="The declared numbers MUST foretell each stage of the failover to within one interval of the health check",
    system="dr",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=f"{PILLAR}rel_planning_for_recovery_objective_defined_recovery.html",
    remedy="Find what waits although nothing declares it, or declare it: a failover that nobody can foretell is not planned.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    mutants=[
        edit("StateMachine", PROMOTION, {"States": {"AwaitLease": {"Seconds": 110}}}, says="promoted after"),
    ],
)


@checks(FORETOLD)
def test_the_numbers_foretell_the_failover(site_loss: Observed[Drill]) -> None:
    """Detection, decision, promotion, first write and last client, each beside its prediction."""
    findings = judge([site_loss], lambda one: _is_foretold(one.value))

    assert not findings.broken, findings.table()


def _is_foretold(drill: Drill) -> Iterator[str]:
    tolerance_s = drill.declared.primary.interval_s * drill.scale
    for name, at_s in drill.recovery.foretold().items():
        expected_s = drill.expected(name)
        if at_s is None:
            yield f"{name}: never came; {ending(drill)}"
            continue
        measure(f"{name}, measured less predicted", at_s - expected_s, "s", objective=tolerance_s)
        if abs(at_s - expected_s) > tolerance_s:
            said = f"{name} after {at_s:.2f} s, foretold {expected_s:.2f} s: {tolerance_s:g} s apart at most"
            require_in_time(drill.stalled_s, tolerance_s / 2, said)
            yield said


KEPT = Control(
    id="DR-303",
    title="Losing the primary site MUST cost no acknowledged write beyond the recovery point objective, and none out of order",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=JEPSEN,
    remedy="Let the standby apply what the primary publishes: workers, slots, senders and time-outs on both sides.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-9", "soc2": "A1.2", "pci": "10.5.1"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "*standby_database*",
            {"settings": [{"database_flags": [{}] * 23 + [{"value": "0"}]}]},
            says="lost",
        ),
    ],
)


@checks(KEPT)
def test_what_was_acknowledged_is_there(site_loss: Observed[Drill], platform: Platform) -> None:
    """Every write of the ledger against what the surviving site holds: lost, doubled, out of nowhere, out of order."""
    rpo_s = objective(platform, "rpo_cross_cloud")
    findings = judge([site_loss] if rpo_s is not None else [], lambda one: _is_kept(one.value, rpo_s or 0.0))

    assert not findings.broken, findings.table()


def _is_kept(drill: Drill, rpo_s: float) -> Iterator[str]:
    verdict, loss = drill.audit.verdict, drill.audit.loss
    measure("recovery point", loss.seconds, "s", objective=rpo_s, objective_source="recovery.yaml")
    measure("writes lost", loss.count, "writes")
    measure("writes never heard of", loss.indeterminate, "writes")
    if drill.audit.history.cut:
        raise ProbeError(drill.audit.history.cut)
    if loss.seconds > rpo_s:
        yield f"{loss.count} acknowledged writes lost, the oldest {loss.seconds:.2f} s old, objective {rpo_s:g} s"
    if verdict.duplicated or verdict.unexpected:
        yield from (said for said in verdict.complaints() if "lost" not in said)
    if loss.holes:
        yield f"{loss.count} writes lost, and {len(loss.holes)} that were sent after them are there: not a suffix"


FOLLOWED = Control(
    id="DR-304",
    title="The production name MUST lead to the standby once the primary is lost, for every class of clients",
    system="dns",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html",
    remedy="Give the primary's record a health check and every record a TTL that is part of the recovery time.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-10(2)", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_route53_record",
            "module.global_failover.aws_route53_record.primary",
            {"health_check_id": None, "alias": [{"evaluate_target_health": False}]},
            says="still leads to the primary",
        ),
        edit(
            "aws_route53_health_check",
            "module.global_failover.aws_route53_health_check.primary",
            {"failure_threshold": 10, "request_interval": 30},
            says="the name moves after",
        ),
    ],
)
#: Half of the recovery time objective: the other half belongs to the promotion.
MOVES_WITHIN_SHARE: Final = 0.5


@checks(FOLLOWED)
def test_the_name_leads_to_the_standby(site_loss: Observed[Drill], platform: Platform) -> None:
    """The authoritative answer changes, and the last client of the last class has followed."""
    rto_s = objective(platform, "rto") or 0.0
    findings = judge([site_loss] if rto_s else [], lambda one: _is_followed(one.value, rto_s * MOVES_WITHIN_SHARE))

    assert not findings.broken, findings.table()


def _is_followed(drill: Drill, within_s: float) -> Iterator[str]:
    recovery = drill.recovery
    if recovery.detected_s is None:
        yield f"{drill.declared.host} still leads to the primary; {ending(drill)}"
        return
    moved_s = drill.at_scale_1("detected", recovery.detected_s)
    measure("name moved at scale 1", moved_s, "s", objective=within_s)
    if moved_s > within_s:
        yield f"the name moves after {moved_s:.0f} s, more than {within_s:.0f} s"
    if recovery.never:
        yield f"clients of the classes {', '.join(recovery.never)} never followed"
