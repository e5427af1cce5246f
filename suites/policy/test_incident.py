"""From an alarm to exactly one pager."""

import re

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.statements import forms

ALARMS = (
    "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html"
)
QUEUE = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"
DEAD = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
ROUTES = "https://prometheus.io/docs/alerting/latest/configuration/"
#: CloudWatch decides at most over a week; an alarm of a daily job looks at two days.
LONGEST_S = 2 * 86400
#: What is measured every minute must be known within a quarter of an hour.
MINUTES_S = 900
#: A longer period is a job of the hour or the day.
PERIOD_S, JOB_S = 300, 3600
MINUTE_S = 60
#: AWS: six times the function's timeout, so that no page is handled twice; a page that is hidden an hour is lost.
VISIBILITY = (6, 20)
#: Three attempts ride out a 429; after more than fifty the page is a day old.
RECEIVES = (3, 50)
LONG_POLL_S = 20
MESSAGE_BYTES = 262144
DAY_S = 86400
#: An event whose first occurrence is already an incident.
FIRST = re.compile(r"ExecutionsFailed|JobsFailed|Aborted|TimedOut|InternalFailure|NeedingAction|Relieved")
#: What must happen again and again, so that its absence is the incident.
STEADY = re.compile(r"Completed|Invocations|HealthCheckStatus")
AGE_S = (60, 900)
#: What an alarm may make of silence; CloudWatch's own default leaves it undecided.
TOLD = ("breaching", "notBreaching", "ignore")
GROUP_WAIT_S, TICKET_WAIT_S = (0, 30), (30, 300)
REPEAT_S = (1800, 4 * 3600)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", text)
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]] if match else -1


HEARD = Control(
    id="INC-001",
    title="Every alarm MUST be on, reach a topic that somebody listens to, and decide in time on the first event that matters",
    system="incident",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=ALARMS,
    remedy="Give the alarm alarm_actions to a topic with a subscription, a period of whole minutes, and the threshold of the first event.",
    relates=("aws_cloudwatch_metric_alarm", "aws_sns_topic", "aws_sns_topic_subscription"),
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    mutants=[
        edit(
            "aws_cloudwatch_metric_alarm", 'module.global_incident.*["lost"]', {"actions_enabled": False}, says="is off"
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.global_incident.*["lost"]',
            {"alarm_actions": []},
            says="reaches no topic",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.global_failover.*["promotion-ExecutionsFailed"]',
            {"threshold": 1},
            says="first event",
        ),
        remove("aws_sns_topic_subscription", "module.global_incident.*.page", says="nobody listens"),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_observability.*["storage"]',
            {"treat_missing_data": "notBreaching"},
            says="takes silence for",
        ),
    ],
)


@checks(HEARD)
def test_alarms_are_heard(platform: Platform) -> None:
    """Each alarm reaches a topic with a subscriber and decides within bounds."""
    heard = {
        two.address
        for one in platform.all("aws_sns_topic_subscription")
        for two in one.refers("topic_arn", "aws_sns_topic")
    }
    findings = judge(platform.all("aws_cloudwatch_metric_alarm"), lambda one: _heard(one, heard))

    assert not findings.broken, findings.table()


def _heard(alarm: Item, heard: set[str]) -> list[str]:
    topics = alarm.refers("alarm_actions", "aws_sns_topic")
    said = ["is off"] if alarm.get("actions_enabled") is False else []
    said += [] if topics else ["reaches no topic"]
    said += [f"nobody listens to {one.address}" for one in topics if one.address not in heard]
    period, turns, points = (
        alarm.number("period"),
        alarm.number("evaluation_periods") or 0,
        alarm.number("datapoints_to_alarm"),
    )
    if period is not None:
        longest = LONGEST_S if period > MINUTES_S else MINUTES_S
        if period < MINUTE_S or period % MINUTE_S or PERIOD_S < period < JOB_S or not 0 < period * turns <= longest:
            said.append(f"decides over {turns:g} periods of {period:g} s")
        if points is not None and not 1 <= points <= turns:
            said.append(f"needs {points:g} of {turns:g} points")
    return said + _first_event(alarm) + _silence(alarm)


def _silence(alarm: Item) -> list[str]:
    """What falls below a floor may fall silent; an alarm that is not told leaves it open."""
    missing = alarm.text("treat_missing_data")
    if alarm.text("comparison_operator").startswith("Less"):
        return [] if missing == "breaching" else [f"takes silence for {missing or 'nothing'}, not for a fall"]
    return [] if missing in TOLD else [f"is not told what silence means: {missing or 'nothing is said'}"]


def _first_event(alarm: Item) -> list[str]:
    metric, threshold = alarm.text("metric_name"), alarm.number("threshold")
    over, strict = (
        alarm.text("comparison_operator").startswith("Greater"),
        not alarm.text("comparison_operator").endswith("OrEqualToThreshold"),
    )
    counted = FIRST.search(metric)
    if over and counted and threshold != (0 if strict else 1):
        return [f"{metric}: the first event does not raise it, its threshold is {alarm.text('threshold')}"]
    if not over and strict and STEADY.search(metric) and threshold != 1:
        return [f"{metric}: silence is not seen below {alarm.text('threshold')}"]
    return []


PAGED = Control(
    id="INC-002",
    title="Every topic MUST reach exactly one way out: a queue with exactly one pager behind it, or people",
    system="incident",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=QUEUE,
    remedy="Subscribe one queue to each topic that wakes people, with one event source mapping to one function with one key.",
    relates=(
        "aws_sns_topic",
        "aws_sns_topic_subscription",
        "aws_sqs_queue",
        "aws_lambda_event_source_mapping",
        "aws_lambda_function",
        "aws_secretsmanager_secret",
    ),
    frameworks={"nist": "IR-6"},
    mutants=[
        remove("aws_lambda_event_source_mapping", "module.global_incident.*", says="0 pagers"),
        edit(
            "aws_lambda_function",
            "module.global_incident.*.pager",
            {"environment": [{"variables": {"SECRET": "other"}}]},
            says="no declared key",
        ),
        edit("aws_sns_topic_subscription", "module.global_incident.*.page", {"raw_message_delivery": True}, says="raw"),
    ],
)


@checks(PAGED)
def test_topics_reach_one_pager(platform: Platform) -> None:
    """Each topic has a subscription; each queue behind one has one pager that holds one key."""
    findings = judge(platform.all("aws_sns_topic"), lambda one: _paged(platform, one))

    assert not findings.broken, findings.table()


def _paged(platform: Platform, topic: Item) -> list[str]:
    ways = platform.referrers(topic, "aws_sns_topic_subscription")
    said = [] if ways else ["nobody is subscribed"]
    queues = {two.address: two for one in ways for two in one.refers("endpoint", "aws_sqs_queue")}
    said += [f"{len(queues)} queues hear it, a page is sent twice"] if len(queues) > 1 else []
    for queue in queues.values():
        maps = [
            one
            for one in platform.referrers(queue, "aws_lambda_event_source_mapping")
            if one.get("enabled") is not False
        ]
        said += [f"{len(maps)} pagers take from {queue.address}"] if len(maps) != 1 else []
        for one in maps:
            for function in one.refers("function_name", "aws_lambda_function"):
                said += _holds_one_key(platform, one, function)
    for way in ways:
        if (
            way.get("raw_message_delivery") is True
            or way.get("endpoint_auto_confirms") is True
            or way.number("confirmation_timeout_in_minutes") not in (None, 1)
        ):
            said.append(f"{way.address} delivers raw or confirms itself")
    if topic.get("fifo_topic") is True or topic.get("content_based_deduplication") is True:
        said.append("drops what looks the same")
    said += [
        f"logs {topic.text(key)} % of its {key[:4]} deliveries"
        for key in ("http_success_feedback_sample_rate", "sqs_success_feedback_sample_rate")
        if topic.has(key) and platform_wide(topic, key) not in (0, 100)
    ]
    return said + (
        [f"signs by version {topic.text('signature_version')}"]
        if topic.has("signature_version") and topic.number("signature_version") not in (None, 2)
        else []
    )


def platform_wide(topic: Item, key: str) -> float | None:
    """The sample rate where a role makes logs of it, else nothing to complain of."""
    value = topic.number(key)
    return value if value is not None else 0


def _holds_one_key(platform: Platform, mapping: Item, function: Item) -> list[str]:
    names = {one.text("name") for one in platform.all("aws_secretsmanager_secret")}
    said = [] if function.text("environment.0.variables.SECRET") in names else ["the pager's secret is no declared key"]
    batch, at_once = mapping.number("batch_size") or 0, mapping.number("scaling_config.0.maximum_concurrency") or 0
    reserved = function.number("reserved_concurrent_executions") or 0
    said += [] if batch == 1 else [f"a failing page holds up {batch:g}"]
    return said + (
        [] if 1 < at_once <= reserved <= 10 * at_once / 2 else [f"{at_once:g} pages at once, {reserved:g} reserved"]
    )


QUEUED = Control(
    id="INC-003",
    title="A page MUST survive its pager: hidden while it is handled, repeated, then kept among the dead letters, which are alarmed",
    system="incident",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=DEAD,
    remedy="Set visibility to six times the function's timeout, maxReceiveCount within the retention, and a dead-letter queue that keeps longer.",
    relates=(
        "aws_sqs_queue",
        "aws_lambda_function",
        "aws_lambda_event_source_mapping",
        "aws_cloudwatch_metric_alarm",
        "aws_sqs_queue_redrive_allow_policy",
    ),
    frameworks={"nist": "SC-5"},
    mutants=[
        edit(
            "aws_sqs_queue", "module.global_incident.*.page", {"visibility_timeout_seconds": 18}, says="hidden for 18 s"
        ),
        remove("aws_cloudwatch_metric_alarm", 'module.global_incident.*["lost"]', says="no alarm"),
        remove("aws_sqs_queue_redrive_allow_policy", "module.global_incident.*", says="any queue"),
    ],
)


@checks(QUEUED)
def test_pages_survive_their_pager(platform: Platform) -> None:
    """Queues keep, hide and repeat pages within bounds, each with an alarm of its own."""
    findings = judge(platform.all("aws_sqs_queue"), lambda one: _survives(platform, one))

    assert not findings.broken, findings.table()


def _survives(platform: Platform, queue: Item) -> list[str]:
    alarmed = [
        one
        for one in platform.referrers(queue, "aws_cloudwatch_metric_alarm")
        if one.refers("dimensions", "aws_sqs_queue") and queue.address in {x.address for x in one.refers("dimensions")}
    ]
    said = [] if alarmed else ["has no alarm"]
    for one in alarmed:
        low, high = AGE_S if "Age" in one.text("metric_name") else (0, 0)
        said += [] if low <= (one.number("threshold") or 0) <= high else [f"is alarmed at {one.text('threshold')}"]
    hidden, kept, wait = (
        queue.number(key) or 0
        for key in ("visibility_timeout_seconds", "message_retention_seconds", "receive_wait_time_seconds")
    )
    functions = [
        f
        for m in platform.referrers(queue, "aws_lambda_event_source_mapping")
        for f in m.refers("function_name", "aws_lambda_function")
    ]
    said += [
        f"is hidden for {hidden:g} s"
        for f in functions
        if not VISIBILITY[0] * (f.number("timeout") or 0) <= hidden <= VISIBILITY[1] * (f.number("timeout") or 0)
    ]
    said += ["polls in short turns"] if functions and wait != LONG_POLL_S else []
    said += (
        [f"is hidden for {hidden:g} s from who repairs it, or waits {wait:g} s"]
        if not functions and (not 0 < hidden <= MINUTE_S or wait)
        else []
    )
    if queue.number("max_message_size") != MESSAGE_BYTES or queue.number("delay_seconds"):
        said.append("delays pages or refuses long ones")
    if queue.get("fifo_queue") is True or queue.get("content_based_deduplication") is True:
        said.append("drops what looks the same")
    dead = [one for one in queue.refers("redrive_policy", "aws_sqs_queue") if one.address != queue.address]
    if functions:
        receives = queue.number("redrive_policy.maxReceiveCount") or 0
        said += (
            []
            if dead and RECEIVES[0] <= receives <= RECEIVES[1] and receives * hidden <= kept <= 4 * DAY_S
            else [f"gives a page up after {receives:g} attempts, keeps it {kept:g} s"]
        )
        said += [
            f"{one.address} keeps dead letters for less than a week"
            for one in dead
            if (one.number("message_retention_seconds") or 0) < 7 * DAY_S
        ]
    elif platform.referrers(queue, "aws_sqs_queue") and not platform.referrers(
        queue, "aws_sqs_queue_redrive_allow_policy"
    ):
        said.append("takes the dead letters of any queue")
    said += [f"keeps {kept:g} s, more than SQS can"] if kept > 14 * DAY_S else []
    policies = [
        one
        for one in platform.referrers(queue, "aws_sqs_queue_policy")
        if queue.address in {x.address for x in one.refers("queue_url")}
    ]
    return said + ([] if policies else ["admits no topic"])


ADMITTED = Control(
    id="INC-004",
    title="Topics and queues MUST admit the account's own services over TLS, and nobody else",
    system="incident",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html",
    remedy="Give each Allow a principal and a condition on the source, and add a Deny on aws:SecureTransport false.",
    relates=("aws_sns_topic", "aws_sns_topic_policy"),
    frameworks={"nist": "AC-4", "pci": "4.2.1"},
    mutants=[
        remove("aws_sns_topic_policy", "module.global_incident.*.peer", says="has no policy"),
        edit(
            "aws_sns_topic_policy",
            "module.global_incident.*.peer",
            {"policy": {"Statement": [{"Condition": None}]}},
            says="any account",
        ),
    ],
)


@checks(ADMITTED)
def test_topics_admit_their_own(platform: Platform) -> None:
    """Each topic and queue has a policy; each statement names someone and a source, and plain text is refused."""
    findings = judge(platform.all("aws_sns_topic", "aws_sqs_queue"), lambda one: _admits(platform, one))

    assert not findings.broken, findings.table()


def _admits(platform: Platform, item: Item) -> list[str]:
    path = "arn" if item.kind == "aws_sns_topic" else "queue_url"
    policies = [
        one
        for one in platform.referrers(item, f"{item.kind}_policy")
        if item.address in {x.address for x in one.refers(path)}
    ]
    said = [] if policies else ["has no policy"]
    for policy in policies:
        documents = policy.refers("policy", "aws_iam_policy_document")
        statements = forms(policy).get("policy") or [s for one in documents for s in forms(one).get("statement", [])]
        tls = [
            one
            for one in statements
            if not one.allows and one.demands("aws:SecureTransport", "false") and one.principals
        ]
        said += [] if tls else ["admits plain text"]
        allowed = [one for one in statements if one.allows]
        said += [] if allowed or item.kind == "aws_sqs_queue" else ["admits nobody"]
        said += (
            ["admits any account, or nobody"]
            if any(not one.principals or not one.conditions for one in allowed)
            else []
        )
        said += [
            f"{v} is no account"
            for one in allowed
            for k, found in one.conditions.items()
            if k.endswith("SourceAccount")
            for v in found
            if len(v) != ACCOUNT_DIGITS
        ]
    return said


#: An AWS account number.
ACCOUNT_DIGITS = 12
