"""Recovery objectives: what a failover may take and lose, and the lag that bounds it."""

from collections.abc import Callable

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import budget, drilled
from suites.policy.promql import plain

SPECIFICATION = "https://github.com/OpenSLO/OpenSLO/blob/main/README.md"


SLICES = Control(
    id="SLO-004",
    title="An objective of time slices MUST be judged slice by slice at the limit it names",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=SPECIFICATION,
    remedy="Record one truth per slice: the query, `<= bool` the value, evaluated once in each slice window.",
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    relates=("SLO", "RecordingRule"),
    mutants=[
        edit("SLO", "*#bridge-lag", {"spec": {"objectives": [{"value": 50}]}}, says="no slice is judged by <= bool 50"),
        edit("SLO", "*#bridge-lag", {"spec": {"objectives": [{"timeSliceWindow": "10m"}]}}, says="every 10m"),
        remove("RecordingRule", "*slo:good_slice:bool[bridge-lag]*", says="no slice is judged"),
    ],
)


@checks(SLICES)
def test_time_slices_are_judged_at_the_limit(platform: Platform) -> None:
    """A recording rule judges the query against the value, once in each slice."""
    rules = platform.all("RecordingRule")
    sliced = [one for one in platform.all("SLO") if one.text("spec.budgetingMethod") == "Timeslices"]
    findings = judge(sliced, lambda slo: _judges_slices(slo, rules))

    assert not findings.broken, findings.table()


def _judges_slices(slo: Item, rules: list[Item]) -> list[str]:
    query = slo.text("spec.indicator.spec.thresholdMetric.metricSource.spec.query")
    limit, every = slo.text("spec.objectives.0.value"), slo.text("spec.objectives.0.timeSliceWindow")
    judged = [one for one in rules if plain(one.text("expr")) == plain(f"{query} <= bool {limit}")]
    share = slo.number("spec.objectives.0.timeSliceTarget") or 0
    said = [] if judged else [f"no slice is judged by <= bool {limit}"]
    said += [
        f"a slice is judged every {one.text('interval')}, not every {every}"
        for one in judged
        if one.text("interval") != every
    ]
    said += [] if 0 < share <= 1 else [f"a slice is good with {share:g} of its events"]
    said += [] if slo.text("spec.objectives.0.op") in ("lte", "lt") else ["a lag is good when it is small"]
    return said


LOSS = Control(
    id="SLO-005",
    title="What a recovery may lose MUST be what the replication is allowed to lag, no more and no less",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html",
    remedy="Give each recovery point objective a lag objective of the same value, and each lag objective a recovery point.",
    frameworks={"nist": "CP-10", "soc2": "A1.2", "hipaa": "164.308(a)(7)(ii)(B)"},
    mutants=[
        edit(
            "SLO",
            "*#recovery-point-cross-cloud",
            {"spec": {"objectives": [{"value": 1}]}},
            says="limit of 5 s is no recovery point",
        ),
        edit("SLO", "*#aurora-replication-lag", {"spec": {"objectives": [{"value": 2}]}}, says="no lag is held to 1 s"),
    ],
)


@checks(LOSS)
def test_lag_is_what_recovery_may_lose(platform: Platform) -> None:
    """Per service, the values of the lag objectives and of the drilled recovery points are the same set."""
    judged = [one for one in platform.all("SLO") if one.number("spec.objectives.0.value") is not None]
    points = [
        one for one in judged if "rpo" in one.text("spec.indicator.spec.thresholdMetric.metricSource.spec.measurement")
    ]
    lags = [one for one in judged if not drilled(one)]
    findings = judge([*points, *lags], lambda slo: _equals_its_counterpart(slo, points, lags))

    assert not findings.broken, findings.table()


def _equals_its_counterpart(slo: Item, points: list[Item], lags: list[Item]) -> str | None:
    value = slo.number("spec.objectives.0.value") or 0
    others = points if slo in lags else lags
    if value in {one.number("spec.objectives.0.value") for one in others} and value > 0:
        return None
    return f"a limit of {value:g} s is no recovery point" if slo in lags else f"no lag is held to {value:g} s"


RECOVERY = Control(
    id="SLO-006",
    title="The recovery time objective MUST exceed detection and the record's life, and one failover MUST fit into the month's error budget",
    system="slo",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html",
    remedy="Shorten the interval, the threshold or the TTL, or promise a longer recovery within the journey's budget.",
    frameworks={"nist": "CP-10", "soc2": "A1.3", "hipaa": "164.308(a)(7)(ii)(C)"},
    relates=("SLO", "aws_route53_health_check", "aws_route53_record"),
    mutants=[
        edit("SLO", "*#recovery-time", {"spec": {"objectives": [{"value": 60}]}}, says="takes 90 s"),
        edit("SLO", "*#recovery-time", {"spec": {"objectives": [{"value": 3000}]}}, says="a month allows 2592 s"),
        edit(
            "aws_route53_record", "module.global_failover.aws_route53_record.standby", {"ttl": 600}, says="takes 630 s"
        ),
    ],
)


@checks(RECOVERY)
def test_recovery_time_is_possible_and_affordable(platform: Platform) -> None:
    """RTO lies between what detection plus TTL take and what the probed objective's budget allows in its window."""
    endpoints = [one for one in platform.all("aws_route53_health_check") if one.number("request_interval")]
    detected = max(
        [(one.number("request_interval") or 0) * (one.number("failure_threshold") or 0) for one in endpoints], default=0
    )
    records = [one for one in platform.all("aws_route53_record") if one.mappings("failover_routing_policy")]
    bound = detected + max([one.number("ttl") or 0 for one in records], default=0)
    probed = [
        one
        for one in platform.all("SLO")
        if one.label("sli") == "probe" and not one.annotation("meshproof.example/threshold")
    ]
    times = [
        one
        for one in platform.all("SLO")
        if "rto" in one.text("spec.indicator.spec.thresholdMetric.metricSource.spec.measurement")
    ]
    findings = judge(times, _fits(bound, min([budget(one) for one in probed], default=float("inf"))))

    assert not findings.broken, findings.table()


def _fits(bound: float, allowed: float) -> Callable[[Item], list[str]]:
    def promise(slo: Item) -> list[str]:
        value = slo.number("spec.objectives.0.value") or 0
        said = [] if value > bound else [f"{value:g} s are promised, detection and the record alone takes {bound:g} s"]
        return said + ([] if value <= allowed else [f"{value:g} s are promised, a month allows {allowed:g} s"])

    return promise
