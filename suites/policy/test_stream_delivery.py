"""Pub/Sub: each message is handled, or waits where somebody looks."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform

DELIVERED = Control(
    id="STREAM-006",
    title="A subscription MUST deliver in order, exactly once, retry with backoff and give up only to a dead letter that is read",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/pubsub/docs/dead-letter-topics",
    remedy="Ordering, exactly-once, retry_policy, dead_letter_policy, no expiration, retention as the topic's; a binding for the agent.",
    relates=("google_pubsub_subscription", "google_pubsub_topic", "google_pubsub_topic_iam_member"),
    frameworks={"nist": "CP-10", "soc2": "PI1.4"},
    mutants=[
        edit(
            "google_pubsub_subscription",
            'module.standby_stream.google_pubsub_subscription.main["orders/notifications"]',
            {"enable_message_ordering": False},
            says="without order",
        ),
        edit(
            "google_pubsub_subscription",
            'module.standby_stream.google_pubsub_subscription.dead_letter["orders"]',
            {"ack_deadline_seconds": 6},
            says="6 s",
        ),
    ],
)

#: The service allows 10 to 600 s; less than half a minute repeats work that is only slow.
ACK_S = (30, 600)

#: The service allows 5 to 100 attempts; more than 20 hold up the order of the others.
ATTEMPTS = (5, 20)


@checks(DELIVERED)
def test_subscriptions_lose_nothing(platform: Platform) -> None:
    """A message is handled, or waits where somebody looks."""
    topics = {to.address for one in platform.all("google_pubsub_topic_iam_member") for to in one.refers("topic")}
    read = {one.text("name") for one in platform.all("google_pubsub_subscription")}
    bound = {one.text("subscription") for one in platform.all("google_pubsub_subscription_iam_member")}
    findings = judge(platform.all("google_pubsub_subscription"), lambda one: _delivered(one, topics, read, bound))

    assert not findings.broken, findings.table()


def _delivered(one: Item, topics: set[str], read: set[str], bound: set[str]) -> list[str]:
    said = (
        []
        if one.get("enable_exactly_once_delivery") is True and one.mappings("expiration_policy")
        else ["delivers twice, or expires"]
    )
    deadline = one.number("ack_deadline_seconds") or 0
    if not ACK_S[0] <= deadline <= ACK_S[1]:
        said.append(f"waits {deadline:g} s for an acknowledgement")
    low, high = (
        float(one.text(f"retry_policy.0.{name}_backoff").removesuffix("s") or 0) for name in ("minimum", "maximum")
    )
    if not 10 <= low <= deadline * 2 <= high * 4 or not low < high <= 600:  # noqa: PLR2004 - what the service allows
        said.append(f"retries after {low:g} to {high:g} s")
    if not 86_400 * 7 <= float(one.text("message_retention_duration").removesuffix("s") or 0) <= 86_400 * 31:
        said.append(f"keeps messages for {one.text('message_retention_duration')}")
    letters = one.refers("dead_letter_policy", "google_pubsub_topic")
    if one.mappings("dead_letter_policy") or one.get("retain_acked_messages") is True:
        attempts = one.number("dead_letter_policy.0.max_delivery_attempts") or 0
        if (
            not letters
            or not ATTEMPTS[0] <= attempts <= ATTEMPTS[1]
            or not {to.address for to in letters} <= topics
            or one.text("name") not in bound
        ):
            said.append(f"gives up after {attempts:g} attempts, or has no dead letter that the agent may write")
        if not {f"{to.text('name')}" for to in letters} <= read:
            said.append("nobody reads its dead letters")
        if one.get("enable_message_ordering") is not True or one.get("retain_acked_messages") is not True:
            said.append("delivers without order, or cannot be replayed")
    elif one.get("enable_message_ordering") is True:
        said.append("orders letters that are dead, and has no dead letter itself")
    return said
