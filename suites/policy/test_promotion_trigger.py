"""What starts a promotion: the way from an alarm to the runbook, and the lag that it may tolerate."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html"
#: An alarm event older than an hour starts nothing any more; EventBridge itself repeats at most 185 times.
EVENT_AGE_S, EVENT_ATTEMPTS = 3600, (10, 185)
LAG_SHARE = 1.0


TRIGGER = Control(
    id="DR-024",
    title="The alarm of the primary MUST start the promotion through a rule that repeats and loses nothing, and rehearsals MUST be scheduled",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=EVENTS,
    remedy="Match alarmName and ALARM in the rule, give the target a retry_policy and a dead-letter queue, pass dry_run false; schedule a run with dry_run true.",
    relates=(
        "aws_cloudwatch_event_rule",
        "aws_cloudwatch_event_target",
        "aws_cloudwatch_metric_alarm",
        "aws_sfn_state_machine",
    ),
    frameworks={"nist": "IR-4"},
    mutants=[
        remove("aws_cloudwatch_event_target", "*failover*.down", says="has no target"),
        edit(
            "aws_cloudwatch_event_target",
            "*failover*.down",
            {"input_transformer": [{"input_template": {"dry_run": True}}]},
            says="dry_run",
        ),
        remove("aws_scheduler_schedule", "*rehearsal", says="is never rehearsed"),
    ],
)


@checks(TRIGGER)
def test_alarm_starts_the_promotion(platform: Platform) -> None:
    """Each rule listens to a declared alarm of a health check, and its event ends in a runbook that is rehearsed."""
    alarms = {
        one.text("alarm_name")
        for one in platform.all("aws_cloudwatch_metric_alarm")
        if one.refers("dimensions", "aws_route53_health_check")
    }
    rules = [
        one
        for one in platform.all("aws_cloudwatch_event_rule")
        if "alarmName" in str(one.get("event_pattern")) or "aws.cloudwatch" in str(one.get("event_pattern"))
    ]
    findings = judge(rules, lambda one: _starts(platform, one, alarms))

    assert not findings.broken, findings.table()


def _starts(platform: Platform, rule: Item, alarms: set[str]) -> list[str]:
    pattern = rule.mapping("event_pattern.detail")
    named, state = pattern.get("alarmName"), pattern.get("state")
    said = (
        []
        if isinstance(named, (list, tuple)) and set(named) <= alarms
        else [f"listens to {named}, no alarm of a health check"]
    )
    said += [] if isinstance(state, Mapping) and state.get("value") == ["ALARM"] else ["listens to more than ALARM"]
    targets = platform.referrers(rule, "aws_cloudwatch_event_target")
    said += ["has no target"] if not targets else []
    for target in targets:
        said += _delivers(platform, target)
    return said + (["is destroyed with its targets"] if rule.get("force_destroy") is True else [])


def _delivers(platform: Platform, target: Item) -> list[str]:
    age, attempts = (
        target.number("retry_policy.0.maximum_event_age_in_seconds") or 0,
        target.number("retry_policy.0.maximum_retry_attempts") or 0,
    )
    said = [] if EVENT_AGE_S / 12 <= age <= EVENT_AGE_S else [f"{target.address} gives an event up after {age:g} s"]
    said += (
        [] if EVENT_ATTEMPTS[0] <= attempts <= EVENT_ATTEMPTS[1] else [f"{target.address} repeats {attempts:g} times"]
    )
    said += ["is destroyed by force"] if target.get("force_destroy") is True else []
    machines = target.refers("arn", "aws_sfn_state_machine")
    for machine in machines:
        template, paths = (
            target.mapping("input_transformer.0.input_template"),
            target.mapping("input_transformer.0.input_paths"),
        )
        said += (
            []
            if template.get("dry_run") is False and paths
            else [f"{target.address} does not pass dry_run false and the cause"]
        )
        said += [] if target.has("dead_letter_config.0") else [f"{target.address} loses what it cannot deliver"]
        runs = platform.referrers(machine, "aws_scheduler_schedule")
        said += (
            []
            if any(one.get("target.0.input.dry_run") is True for one in runs)
            else [f"{machine.address} is never rehearsed"]
        )
    if not machines:
        buses = target.refers("arn", "aws_cloudwatch_event_bus")
        said += (
            []
            if any(platform.referrers(one, "aws_cloudwatch_event_bus_policy") for one in buses)
            else [f"{target.address} sends to no bus that admits it"]
        )
    return said


RECOVERY_POINT = Control(
    id="DR-025",
    title="The lag that a runbook tolerates and the lag that is alarmed MUST NOT exceed the recovery point objective",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_objective_defined_recovery.html",
    remedy="Give every input rpo_s of a unit, and the objectives on replication lag, a value of at most the recovery point objective that they name.",
    relates=("unit", "SLO"),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        edit("unit", "*global/failover", {"inputs": {"runbook": {"rpo_s": 60}}}, says="tolerates 60 s"),
        edit("SLO", "*logical-replication-lag", {"spec": {"objectives": [{"value": 30}]}}, says="allows 30 s"),
        edit(
            "SLO",
            "*aurora-replication-lag",
            {"spec": {"objectives": [{"value": 4}]}},
            says="recovery-point-in-cloud is 1 s",
        ),
    ],
)


@checks(RECOVERY_POINT)
def test_tolerated_lag_is_within_the_objective(platform: Platform) -> None:
    """No gate of a runbook allows more than the loosest recovery point objective, no lag more than the one it serves."""
    drills = [
        one
        for one in platform.all("SLO")
        if one.text("spec.indicator.spec.thresholdMetric.metricSource.spec.measurement").startswith("rpo")
    ]
    rpo_s = max((one.number("spec.objectives.0.value") or 0 for one in drills), default=None)
    lags = [one for one in platform.all("SLO") if one.text("metadata.labels.sli") == "lag"]
    units = [one for one in platform.all("unit") if one.has("inputs.runbook.rpo_s")]
    points = {one.name: one.number("spec.objectives.0.value") or 0 for one in drills}
    findings = judge([*units, *lags] if rpo_s else [], lambda one: _tolerates(one, rpo_s or 0, points))

    assert not findings.broken, findings.table()


def _tolerates(item: Item, rpo_s: float, points: dict[str, float]) -> str | None:
    if item.kind == "unit":
        gate = item.number("inputs.runbook.rpo_s") or 0
        return f"its gate tolerates {gate:g} s, the objective is {rpo_s:g} s" if gate > rpo_s * LAG_SHARE else None
    allowed, named = item.number("spec.objectives.0.value") or 0, item.annotation("meshproof.example/recovery-point")
    if named not in points:
        return f"serves no recovery point objective: {named or 'none is named'}"
    due = points[named]
    return f"allows {allowed:g} s of lag, {named} is {due:g} s" if allowed > due * LAG_SHARE else None
