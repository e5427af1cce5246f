"""Who watches an account and whom it tells, as its own API tells it after the declaration was applied."""

from collections.abc import Iterator
from typing import Any

from fixtures.cloud.asked import AskedAccount
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from meshproof.probes.aws import looking, there

SHOWN_BY = ("embedded", "kind", "live")
#: LocalStack's free edition has neither CloudTrail nor budgets.
SHOWN_WITHOUT_KIND = ("embedded", "live")
BUDGETS = "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html"
TRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html"

AUDITED = Control(
    id="AWS-221",
    title="The trail of an account MUST record every region, be validated and encrypted, and end in a bucket that nobody can empty",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=TRAIL,
    remedy="Apply is_multi_region_trail, enable_log_file_validation, kms_key_id, enable_logging, and Object Lock in compliance mode.",
    targets=SHOWN_WITHOUT_KIND,
    frameworks={"nist": "AU-9", "pci": "10.3.2", "cis": "AWS 3.1", "hipaa": "164.312(b)", "soc2": "CC7.2"},
    mutants=[
        edit("aws_cloudtrail", "module.global_audit.*", {"enable_log_file_validation": False}, says="is not validated"),
        edit("aws_cloudtrail", "module.global_audit.*", {"is_multi_region_trail": False}, says="records one region"),
        edit("aws_cloudtrail", "module.global_audit.*", {"enable_logging": False}, says="records nothing"),
    ],
)


@checks(AUDITED)
def test_trail_records(platform: Platform, aws: AskedAccount) -> None:
    """The trail, whether it runs, and the lock of its bucket."""
    findings = judge(_trails(aws, platform), _records)

    assert not findings.broken, findings.table()


def _trails(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_cloudtrail"):
        client, name = aws.client("cloudtrail", item), item.text("name")
        found = there(client.get_trail, "TrailNotFoundException", Name=name)
        if found is None:
            yield aws.observed(item, None)
            continue
        trail, storage = found["Trail"], aws.client("s3", item)
        status = there(client.get_trail_status, Name=name) or {}
        absent = ("NoSuchBucket", "ObjectLockConfigurationNotFoundError")
        lock = there(storage.get_object_lock_configuration, *absent, Bucket=trail["S3BucketName"])
        yield aws.observed(item, {"trail": trail, "runs": status["IsLogging"], "lock": lock})


def _records(seen: Observed[Any]) -> Iterator[str]:
    if seen.value is None:
        yield "is not there"
        return
    trail = seen.value["trail"]
    if not seen.value["runs"]:
        yield "records nothing"
    if not trail.get("IsMultiRegionTrail"):
        yield "records one region only"
    if not trail.get("LogFileValidationEnabled"):
        yield "is not validated"
    if not trail.get("KmsKeyId"):
        yield "is encrypted with no key of the platform"
    rule = (seen.value["lock"] or {}).get("ObjectLockConfiguration", {}).get("Rule", {})
    if rule.get("DefaultRetention", {}).get("Mode") != "COMPLIANCE":
        yield f"{trail['S3BucketName']} can be emptied"


ALARMED = Control(
    id="AWS-222",
    title="Every alarm of an account MUST be switched on and tell a topic when it begins and when it ends",
    system="incident",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
    remedy="Apply alarm_actions and ok_actions with a topic, and leave actions_enabled on.",
    targets=SHOWN_BY,
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    mutants=[
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.global_audit.aws_cloudwatch_metric_alarm.main["key-loss"]',
            {"actions_enabled": False},
            says='main["key-loss"]: tells nobody',
        ),
    ],
)


@checks(ALARMED)
def test_alarms_tell(platform: Platform, aws: AskedAccount) -> None:
    """Each alarm in its own region."""
    findings = judge(_alarms(aws, platform), _tells)

    assert not findings.broken, findings.table()


def _alarms(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_cloudwatch_metric_alarm"):
        client = aws.client("cloudwatch", item)
        with looking(item.address):
            found = client.describe_alarms(AlarmNames=[item.text("alarm_name")])["MetricAlarms"]
        yield aws.observed(item, found[0] if found else None)


def _tells(seen: Observed[Any]) -> Iterator[str]:
    if seen.value is None:
        yield "is not there"
        return
    if not seen.value["ActionsEnabled"]:
        yield "tells nobody: its actions are switched off"
    for name, when in (("AlarmActions", "begins"), ("OKActions", "ends")):
        if not any(":sns:" in one for one in seen.value.get(name, ())):
            yield f"tells no topic when it {when}"


TOPICS = Control(
    id="AWS-223",
    title="Every topic and queue of an account MUST be encrypted with a key of the platform",
    system="incident",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html",
    remedy="Apply kms_master_key_id.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-28", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_sns_topic",
            "module.primary_observability.aws_sns_topic.peer_alarm",
            {"kms_master_key_id": ""},
            says="module.primary_observability.aws_sns_topic.peer_alarm: is not encrypted",
        ),
    ],
)


@checks(TOPICS)
def test_messages_are_encrypted(platform: Platform, aws: AskedAccount) -> None:
    """Each topic and queue in its own region."""
    findings = judge(
        [*_topics(aws, platform), *_queues(aws, platform)],
        _is_encrypted,
    )

    assert not findings.broken, findings.table()


def _is_encrypted(seen: Observed[Any]) -> str | None:
    if seen.value is None:
        return "is not there"
    return None if seen.value.get("KmsMasterKeyId") else "is not encrypted"


def _topics(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_sns_topic"):
        client = aws.client("sns", item)
        found = there(client.get_topic_attributes, "NotFound", TopicArn=aws.arn("sns", item))
        yield aws.observed(item, (found or {}).get("Attributes"))


#: In the protocol of today, and in the one before.
NO_QUEUE = ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")


def _queues(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_sqs_queue"):
        client = aws.client("sqs", item)
        queue = there(client.get_queue_url, *NO_QUEUE, QueueName=item.text("name"))
        if queue is None:
            yield aws.observed(item, None)
            continue
        with looking(item.address):
            found = client.get_queue_attributes(QueueUrl=queue["QueueUrl"], AttributeNames=["All"])
        yield aws.observed(item, found["Attributes"])


WARNED = Control(
    id="AWS-224",
    title="Every budget of an account MUST warn somebody of what was spent",
    system="cost",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source=BUDGETS,
    remedy="Apply notification blocks of type ACTUAL with subscribers.",
    targets=SHOWN_WITHOUT_KIND,
    frameworks={"soc2": "CC7.2"},
    mutants=[
        edit(
            "aws_budgets_budget",
            "module.global_cost.aws_budgets_budget.total",
            {"notification": [None, None, None]},
            says="module.global_cost.aws_budgets_budget.total: warns of nothing",
        ),
    ],
)


@checks(WARNED)
def test_budgets_warn(platform: Platform, aws: AskedAccount) -> None:
    """Each budget, its notifications, and the subscribers of each."""
    findings = judge(_budgets(aws, platform), _warns)

    assert not findings.broken, findings.table()


def _budgets(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_budgets_budget"):
        client = aws.clients.of("budgets", "us-east-1")
        asked = {"AccountId": aws.number, "BudgetName": item.text("name")}
        found = there(client.describe_notifications_for_budget, "NotFoundException", **asked) or {}
        names = ("NotificationType", "ComparisonOperator", "Threshold", "ThresholdType")
        keys = [{name: row[name] for name in names if name in row} for row in found.get("Notifications", ())]
        with looking(item.address):
            told = [client.describe_subscribers_for_notification(**asked, Notification=one) for one in keys]
        yield aws.observed(item, [(one, len(who["Subscribers"])) for one, who in zip(keys, told, strict=True)])


def _warns(seen: Observed[Any]) -> Iterator[str]:
    if not any(one["NotificationType"] == "ACTUAL" for one, _ in seen.value):
        yield "warns of nothing that was spent"
    for one, subscribers in seen.value:
        if not subscribers:
            yield f"tells nobody of {one['Threshold']:g} % {one['NotificationType'].lower()}"
