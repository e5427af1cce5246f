"""Who sends to a queue or topic is let in there."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.statements import forms

LET_IN = Control(
    id="INC-006",
    title="Every queue and topic MUST let in each service that the declaration makes send there, or the message is lost in silence",
    system="incident",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html",
    remedy="Allow sqs:SendMessage or sns:Publish to the sender's service, for this account.",
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    relates=("aws_sns_topic_subscription", "aws_cloudwatch_event_target", "aws_sqs_queue_policy", "aws_sns_topic_policy"),
    mutants=[
        edit("aws_sqs_queue_policy", 'module.global_incident.*["dead_letter"]', {"policy": {"Statement": [None, {}, {}]}}, says="does not let in", name="without-rules"),
        remove("aws_sqs_queue_policy", 'module.global_incident.*["page"]', says="does not let in sns.amazonaws.com"),
        edit("aws_sns_topic_policy", "module.primary_observability.*.alarm", {"policy": {"Statement": [None, {}]}}, says="does not let in", name="without-publishers"),
    ],
)  # fmt: skip

#: Kind, attribute that leads to the receiver, and who then comes.
SENDERS = (
    ("aws_sns_topic_subscription", "endpoint", "sns.amazonaws.com"),
    ("aws_sns_topic_subscription", "redrive_policy", "sns.amazonaws.com"),
    ("aws_cloudwatch_event_target", "arn", "events.amazonaws.com"),
    ("aws_cloudwatch_event_target", "dead_letter_config", "events.amazonaws.com"),
    ("aws_cloudwatch_metric_alarm", "alarm_actions", "cloudwatch.amazonaws.com"),
    ("aws_backup_vault_notifications", "sns_topic_arn", "backup.amazonaws.com"),
)
RECEIVERS = {
    "aws_sqs_queue": ("aws_sqs_queue_policy", "sqs:SendMessage"),
    "aws_sns_topic": ("aws_sns_topic_policy", "sns:Publish"),
}
#: Where a policy says whose it is.
ATTACHED = ("queue_url", "arn")


@checks(LET_IN)
def test_senders_are_let_in(platform: Platform) -> None:
    """No page is refused at the door."""
    coming: dict[str, set[str]] = {}
    for kind, path, principal in SENDERS:
        for sender in platform.all(kind):
            for receiver in sender.refers(path):
                coming.setdefault(receiver.address, set()).add(principal)

    def lets_in(receiver: Item) -> Iterator[str]:
        kind, action = RECEIVERS[receiver.kind]
        policies = [one for one in platform.referrers(receiver, kind) if receiver.address in _attached(one)]
        # Of policies made for several receivers at once, each may be meant: all must admit, and none be missing.
        held = {address for one in policies for address in _attached(one)}
        for principal in sorted(coming.get(receiver.address, ())):
            if len(policies) < max(1, len(held)) or not all(_admits(one, principal, action) for one in policies):
                yield f"does not let in {principal}"

    findings = judge(platform.all(*RECEIVERS), lets_in)

    assert not findings.broken, findings.table()


def _attached(policy: Item) -> set[str]:
    return {one.address for path in ATTACHED for one in policy.refers(path)}


def _admits(policy: Item, principal: str, action: str) -> bool:
    statements = forms(policy).get("policy", [])
    return any(one.allows and one.covers(action) and principal in one.principals for one in statements)
