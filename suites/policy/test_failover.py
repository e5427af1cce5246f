"""Failover by Route 53: records and the health checks behind them."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.runbooks import objective

HEALTH = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html"
CREATING = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html"
PROBLEMS = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-problems.html"
#: Connect (4 s) and answer (2 s): what a checker may take beyond its interval.
CHECKER_S = 6
#: Route 53 propagates a change of health to its name servers within a minute.
PROPAGATION_S = 60
#: What Route 53 answers for an alias of a load balancer.
ALIAS_TTL_S = 60
#: Route 53's advice for records with a health check is 60 s or 120 s.
RECORD_TTL_S = (60, 120)
#: The intervals that Route 53 offers.
INTERVALS_S = (10, 30)
#: One failure is a flap; more than five cost most of an objective of minutes.
FAILURES = (2, 5)
#: Fewer vantage points and one lost region of checkers decides.
VANTAGE_POINTS = 3
HTTPS_PORT = 443


def _endpoint(check: Item) -> bool:
    return check.text("type").startswith(("HTTP", "TCP"))


def _endpoints(check: Item) -> list[Item]:
    """The checks of endpoints that a record's check rests on."""
    found = [check, *check.refers("child_healthchecks", "aws_route53_health_check")]
    return [one for one in found if _endpoint(one)]


def _policy(record: Item) -> str:
    return record.text("failover_routing_policy.0.type")


def _failover(platform: Platform) -> list[Item]:
    return [one for one in platform.all("aws_route53_record") if _policy(one)]


SWITCH_TIME = Control(
    id="DR-020",
    title="Detection, propagation and the life of a failover record MUST together stay within the recovery time objective",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=HEALTH,
    remedy="Lower request_interval, failure_threshold or the TTL of the failover records, or raise the objective.",
    relates=("aws_route53_record", "aws_route53_health_check", "SLO"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("aws_route53_health_check", "*failover*.primary", {"request_interval": 300}, says="after 1038 s"),
        edit("aws_route53_record", "*failover*.standby", {"ttl": 600}, says="TTL of 600 s"),
        edit("SLO", "*recovery-time", {"spec": {"objectives": [{"value": 60}]}}, says="the objective of 60 s"),
    ],
)


@checks(SWITCH_TIME)
def test_clients_switch_within_the_objective(platform: Platform) -> None:
    """Threshold x (interval + 6 s) + propagation + TTL stays within the objective, for each failover record."""
    rto_s = objective(platform, "rto")
    findings = judge(_failover(platform) if rto_s else [], lambda one: _switches(one, rto_s or 0))

    assert not findings.broken, findings.table()


def _switches(record: Item, rto_s: float) -> list[str]:
    said = []
    ttl = record.number("ttl") if record.has("ttl") else ALIAS_TTL_S
    if not RECORD_TTL_S[0] <= (ttl or 0) <= RECORD_TTL_S[1]:
        said.append(f"TTL of {ttl:g} s is not within {RECORD_TTL_S}")
    for check in record.refers("health_check_id", "aws_route53_health_check"):
        for one in _endpoints(check):
            interval, failures = one.number("request_interval") or 0, one.number("failure_threshold") or 0
            total = failures * (interval + CHECKER_S) + PROPAGATION_S + (ttl or 0)
            if interval not in INTERVALS_S or not FAILURES[0] <= failures <= FAILURES[1]:
                said.append(f"is asked every {interval:g} s and lost after {failures:g} failures")
            if total > rto_s:
                said.append(f"clients switch after {total:g} s, the objective of {rto_s:g} s is spent")
    return said


PAIR = Control(
    id="DR-021",
    title="A failover name MUST have a primary and a secondary record, each with a health check of its own, one in each cloud",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=PROBLEMS,
    remedy="Declare PRIMARY and SECONDARY under one name, each with health_check_id; the secondary answers with the other cloud's address.",
    relates=("aws_route53_record", "aws_route53_health_check", "google_compute_global_address"),
    frameworks={"nist": "CP-7", "soc2": "A1.2"},
    mutants=[
        remove("aws_route53_record", "*failover*.standby", says="no SECONDARY"),
        edit("aws_route53_record", "*failover*.standby", {"health_check_id": None}, says="has no health check"),
        edit(
            "aws_route53_record",
            "*failover*.primary",
            {"alias": [{"evaluate_target_health": False}]},
            says="evaluate_target_health",
        ),
    ],
)


@checks(PAIR)
def test_failover_records_come_in_pairs(platform: Platform) -> None:
    """Each failover name has both records, checked, so that with both sites unhealthy the answer is the primary."""
    records = _failover(platform)
    sides = {(one.text("name"), _policy(one)) for one in records}
    findings = judge(
        platform.all("aws_route53_zone") if platform.all("aws_route53_health_check") else [],
        lambda zone: _paired(platform, zone, sides),
    )

    assert not findings.broken, findings.table()


def _paired(platform: Platform, zone: Item, sides: set[tuple[str, str]]) -> list[str]:
    records = [
        one
        for one in platform.referrers(zone, "aws_route53_record")
        if zone in one.refers("zone_id") or one.refers("zone_id")
    ]
    moving = [one for one in records if _policy(one)]
    said = [] if moving else ["no failover record stands in a zone whose sites have health checks"]
    for record in moving:
        other = "SECONDARY" if _policy(record) == "PRIMARY" else "PRIMARY"
        said += [] if (record.text("name"), other) in sides else [f"{record.text('name')} has no {other} record"]
        said += (
            []
            if record.refers("health_check_id", "aws_route53_health_check")
            else [f"{record.address} has no health check"]
        )
        if _policy(record) == "SECONDARY" and not record.refers("records", "google_compute_global_address"):
            said.append(f"{record.address} answers with no address of the other cloud")
    for record in records:
        if record.has("alias.0.name"):
            wanted = bool(_policy(record))
            if record.get("alias.0.evaluate_target_health") is not wanted:
                said.append(f"{record.address}: evaluate_target_health is not {wanted}")
        elif not record.has("records"):
            said.append(f"{record.address} answers nothing")
    return said


PROBED = Control(
    id="DR-022",
    title="Every health check of a site MUST ask HTTPS for a page that says it is ready, from three places or more, past the failover record",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CREATING,
    remedy="Use HTTPS_STR_MATCH on 443 with SNI, search_string and regions; let fqdn or ip_address name the one site.",
    relates=("aws_route53_health_check", "aws_route53_record"),
    frameworks={"nist": "SI-4"},
    mutants=[
        edit("aws_route53_health_check", "*failover*.standby", {"disabled": True}, says="is disabled"),
        edit("aws_route53_health_check", "*failover*.primary", {"port": 80}, says="asks port 80"),
        remove("aws_route53_record", "*failover*.probe", says="through the record that it decides"),
    ],
)


@checks(PROBED)
def test_sites_are_probed(platform: Platform) -> None:
    """Checks are on, tell what is wrong, and see one site each."""
    findings = judge(platform.all("aws_route53_health_check"), _is_probed)

    assert not findings.broken, findings.table()


def _is_probed(check: Item) -> list[str]:
    said = ["is disabled"] if check.get("disabled") is True else []
    if not _endpoint(check):
        return said + (["measures a latency that it does not have"] if check.get("measure_latency") is True else [])
    if (
        check.get("enable_sni") is not True
        or check.text("type") != "HTTPS_STR_MATCH"
        or not check.text("search_string")
    ):
        said.append("does not ask by HTTPS with SNI for a word of the page")
    if check.number("port") != HTTPS_PORT:
        said.append(f"asks port {check.text('port')}")
    if len(check.sequence("regions")) < VANTAGE_POINTS:
        said.append(f"asks from {len(check.sequence('regions'))} places")
    if check.get("measure_latency") is not True:
        said.append("measures no latency")
    own = check.refers("fqdn", "aws_route53_record") or check.refers("ip_address")
    return said + ([] if own and not any(_policy(one) for one in own) else ["asks through the record that it decides"])


LATCHED = Control(
    id="DR-023",
    title="A calculated health check MUST need all its children, and a latch MUST keep its state when it hears nothing",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CREATING,
    remedy="Set child_health_threshold to the number of children, and insufficient_data_health_status to LastKnownStatus.",
    relates=("aws_route53_health_check", "aws_cloudwatch_metric_alarm"),
    frameworks={"nist": "SC-24"},
    mutants=[
        edit("aws_route53_health_check", "*failover*.in_charge", {"child_health_threshold": 1}, says="1 of 2 children"),
        edit(
            "aws_route53_health_check",
            "*failover*.relieved",
            {"insufficient_data_health_status": "Healthy"},
            says="forgets",
        ),
    ],
)


@checks(LATCHED)
def test_latch_keeps_its_state(platform: Platform) -> None:
    """No flap of one child returns the traffic; the latch's alarm decides at once and ignores missing data."""
    findings = judge([one for one in platform.all("aws_route53_health_check") if not _endpoint(one)], _latched)

    assert not findings.broken, findings.table()


def _latched(check: Item) -> list[str]:
    children = check.refers("child_healthchecks", "aws_route53_health_check")
    if check.text("type") == "CALCULATED":
        needed = check.number("child_health_threshold") or 0
        return [] if needed == len(children) > 1 else [f"{needed:g} of {len(children)} children suffice"]
    alarms = check.refers("cloudwatch_alarm_name", "aws_cloudwatch_metric_alarm")
    said = (
        [] if check.text("insufficient_data_health_status") == "LastKnownStatus" else ["forgets its state without data"]
    )
    said += [] if alarms else ["follows no declared alarm"]
    for alarm in alarms:
        values = [alarm.number(key) for key in ("threshold", "evaluation_periods", "datapoints_to_alarm", "period")]
        if values != [1, 1, 1, 60] or alarm.text("treat_missing_data") != "ignore":
            said.append(f"{alarm.address} does not take the next minute's value as it is: {values}")
    return said
