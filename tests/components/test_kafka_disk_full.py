"""A disk that is full under Kafka: the broker stops, and with more room it is back with all that it acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from fixtures.stream.clients import read_all
from meshproof.components.kafka import Cluster, node, prepare
from meshproof.components.kafka_properties import REQUIRED, properties_of
from meshproof.errors import TargetError
from meshproof.history.ledger import Ledger
from meshproof.history.operation import Outcome, value_of
from meshproof.history.reading import read_ledger
from meshproof.history.total_queue import check_total_queue
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports, leased
from meshproof.toolchain import find, find_bundle
from meshproof.waiting import until
from tests.small_disks import lasting_disk

TOPIC = "orders"
#: Two hundred records of this size fill the disk, with what a broker needs of it for itself.
WIDTH, SIZE, LARGER = 40_000, "9m", "64m"
MOST = 2_000
SETTINGS = {"acks": "all", "message.timeout.ms": 8_000, "log_level": 0}
DECLARED = {
    **dict.fromkeys(REQUIRED, "1"),
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "message.max.bytes": "1048588",
    "replica.lag.time.max.ms": "30000",
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A controller and a broker, prepared."""
    try:
        find("java")
        find_bundle("kafka")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as directory, leased() as addresses:
        text = "\n".join(f"{name}={value}" for name, value in DECLARED.items())
        one, other = free_ports(2)
        made = Cluster(
            nodes={number: addresses.take() for number in (0, 1)},
            ports=(one, other),
            directory=directory,
            properties=properties_of(text, "module.stream"),
        )
        prepare(made)
        yield made


def test_a_full_disk_loses_no_event(cluster: Cluster) -> None:
    """What it did not answer is unheard of, whether it is there or not."""
    path = cluster.directory / "ledger"
    with ExitStack() as stack:
        disk = stack.enter_context(lasting_disk(cluster.home(1) / "data", SIZE))
        stack.enter_context(node(cluster, 0))
        with Ledger(path) as ledger:
            with node(cluster, 1, prefix=disk.prefix) as broker:
                admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
                admin.create_topics([NewTopic(TOPIC)])[TOPIC].result(20)
                _fill(cluster, ledger)
                until(lambda: broker.returncode is not None, bool, within_s=30.0, what="the broker to stop")
            assert "No space left on device" in (cluster.home(1) / "kafka.log").read_text(encoding="utf-8")
            disk.grow(LARGER)
            stack.enter_context(node(cluster, 1, prefix=disk.prefix))
            assert _sent(_producer(cluster), ledger, MOST) is None
        polled = read_all(cluster.bootstrap, TOPIC, partitions=1)

    history = read_ledger(path)
    verdict = check_total_queue(history, [one.value for one in polled])
    assert verdict.acknowledged > 50
    assert history.having(Outcome.INDETERMINATE)
    assert not history.having(Outcome.FAIL)
    assert verdict.complaints(at_least_once=True) == []


def _fill(cluster: Cluster, ledger: Ledger) -> None:
    """Write until an event is given up."""
    producer = _producer(cluster)
    for sequence in range(MOST):
        if _sent(producer, ledger, sequence) is not None:
            return
    pytest.fail("the disk was never full")


def _producer(cluster: Cluster) -> Producer:
    return Producer({"bootstrap.servers": cluster.bootstrap, **SETTINGS})


def _sent(producer: Producer, ledger: Ledger, sequence: int) -> KafkaError | None:
    """What became of one event, after it is in the ledger."""
    value, told = value_of(0, sequence), list[KafkaError | None]()

    def tell(error: KafkaError | None, _message: Message) -> None:
        told.append(error)

    ledger.intend(value, "producer", TOPIC)
    producer.produce(TOPIC, str(value).rjust(WIDTH), on_delivery=tell)
    producer.flush(30)
    if told[0] is None:
        ledger.acknowledged(value, by=f"{TOPIC}/0", epoch=-1, position=-1)
    else:
        ledger.unheard(value, told[0].str())
    return told[0]
