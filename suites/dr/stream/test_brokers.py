"""The loss of brokers: what was acknowledged is there, what cannot be kept is refused, and one death costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.stream.broker_loss import BrokerLoss
from fixtures.stream.declared import PRODUCER
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from suites.dr.stream.properties import JEPSEN, SHOWN_BY, UNCLEAN, with_property

KAFKA: Final = "https://kafka.apache.org/39/documentation.html"

KEPT: Final = Control(
    id="DR-320",
    title="An event that Kafka acknowledged MUST be in the stream, once and in order, after the death of every broker",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=JEPSEN,
    remedy="Set unclean.leader.election.enable=false: a broker that was behind must not lead.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-9", "soc2": "PI1.5"},
    mutants=[UNCLEAN],
)


@checks(KEPT)
def test_what_was_acknowledged_survives_every_broker(broker_loss: Observed[BrokerLoss]) -> None:
    """All die one after the other, the one that was behind comes back first, and the whole stream is read."""
    findings = judge([broker_loss], lambda one: _is_kept(one.value))

    assert not findings.broken, findings.table()


def _is_kept(drill: BrokerLoss) -> Iterator[str]:
    if drill.history.cut:
        raise ProbeError(drill.history.cut)
    measure("events lost with all brokers", len(drill.queue.lost), "events", objective=0)
    measure("events there twice", len(drill.queue.duplicated), "events", objective=0)
    measure("first start of a controller and its brokers", drill.started_s, "s")
    if drill.elected_behind:
        yield f"the broker that was behind led {len(drill.elected_behind)} partitions before the others were back"
    yield from drill.queue.complaints(at_least_once=False)
    yield from drill.log.complaints()
    if unrestored := [answer for answer in drill.restored.values() if answer]:
        yield f"with all brokers back {len(unrestored)} partitions answer {unrestored[0]}"


REFUSED: Final = Control(
    id="DR-321",
    title="With one replica in sync Kafka MUST refuse an event instead of acknowledging what one death can take",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KAFKA}#topicconfigs_min.insync.replicas",
    remedy="Set min.insync.replicas=2 and let every producer write with acks=all.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    mutants=[
        with_property(
            "min.insync.replicas", "1", says="acknowledged with one replica in sync; min.insync.replicas is 1"
        ),
        edit(
            "ConfigMap",
            PRODUCER.partition("/")[0] + ":shop/orders",
            {"data": {"STREAM_ACKS": "1", "STREAM_IDEMPOTENCE": "false"}},
            says="acknowledged with one replica in sync",
        ),
    ],
)


@checks(REFUSED)
def test_one_replica_acknowledges_nothing(broker_loss: Observed[BrokerLoss]) -> None:
    """Two of three brokers are dead: one event to each partition, and whatever the producers send meanwhile."""
    findings = judge([broker_loss], lambda one: _is_refused(one.value))

    assert not findings.broken, findings.table()


def _is_refused(drill: BrokerLoss) -> Iterator[str]:
    taken = drill.taken_alone
    measure("events acknowledged by one replica alone", len(taken), "events", objective=0)
    if taken:
        yield (
            f"{len(taken)} events were acknowledged with one replica in sync; "
            f"min.insync.replicas is {drill.settings['min.insync.replicas']}"
        )
    elif others := {answer for answer in drill.answers.values() if answer != "NOT_ENOUGH_REPLICAS"}:
        yield f"with one replica in sync the answer is {', '.join(sorted(others))}, not that replicas are missing"


UNNOTICED: Final = Control(
    id="DR-322",
    title="The death of one broker MUST cost no event: producers wait longer than a new leader takes",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html",
    remedy="Let STREAM_DELIVERY_TIMEOUT_MS outlast the election of new leaders, and keep a third replica.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    mutants=[
        edit(
            "ConfigMap",
            PRODUCER.partition("/")[0] + ":shop/orders",
            {"data": {"STREAM_DELIVERY_TIMEOUT_MS": "3000"}},
            says="events were given up",
        ),
    ],
)


@checks(UNNOTICED)
def test_one_broker_is_not_missed(broker_loss: Observed[BrokerLoss]) -> None:
    """Everything that was sent from its death on, until every partition was written again and more."""
    findings = judge([broker_loss], lambda one: _is_unnoticed(one.value))

    assert not findings.broken, findings.table()


def _is_unnoticed(drill: BrokerLoss) -> Iterator[str]:
    if not drill.one_down.sent(drill.history):
        message = "nothing was sent while one broker was down: nothing was seen of what that costs"
        raise ProbeError(message)
    if drill.resumed_s is not None:
        measure("pause after the death of a broker", drill.resumed_s, "s")
    else:
        yield "not every partition was written again while the producers waited"
    if drill.given_up:
        yield f"{len(drill.given_up)} events were given up: {drill.given_up[0].why or 'nothing was heard of them'}"
