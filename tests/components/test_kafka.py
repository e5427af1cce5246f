"""A real Kafka takes what is declared, keeps what it acknowledged, and what it refuses is told with its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from meshproof.components.kafka import Cluster, node, prepare
from meshproof.components.kafka_properties import REQUIRED, properties_of
from meshproof.errors import TargetError, UsageError
from meshproof.faults.killed import kill
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import free_ports, leased
from meshproof.toolchain import find, find_bundle

ADDRESS = "module.stream.aws_msk_configuration.main"
DECLARED = {
    **dict.fromkeys(REQUIRED, "1"),
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "message.max.bytes": "1048588",
    "replica.lag.time.max.ms": "30000",
    "num.partitions": "2",
}


def _text(**changed: str) -> str:
    return "\n".join(f"{name}={value}" for name, value in {**DECLARED, **changed}.items())


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where a cluster lives."""
    try:
        find("java")
        find_bundle("kafka")
    except TargetError as error:
        pytest.skip(str(error))
    with scratch("test") as path:
        yield path


def _cluster(directory: Path, stack: ExitStack, **changed: str) -> Cluster:
    addresses, (one, other) = stack.enter_context(leased()), free_ports(2)
    made = Cluster(
        nodes={number: addresses.take() for number in (0, 1)},
        ports=(one, other),
        directory=directory,
        properties=properties_of(_text(**changed), ADDRESS),
    )
    prepare(made)
    return made


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            _text().replace("min.insync.replicas=1", ""), "does not declare min.insync.replicas", id="missing"
        ),
        pytest.param(_text(listeners="x"), "sets listeners, which the service alone decides", id="own"),
        pytest.param(_text() + "\nnonsense", r"line \d+ of server_properties is not name=value: nonsense", id="line"),
    ],
)
def test_what_is_not_declared_as_it_must_be_is_told_with_its_address(text: str, says: str) -> None:
    """No default stands in."""
    with pytest.raises(UsageError, match=f"{ADDRESS}: .*{says}"):
        properties_of(text, ADDRESS)


def test_comments_and_spaces_are_none_of_it() -> None:
    """As Kafka reads them."""
    assert properties_of(f"# a comment\n\n{_text()}\n a = b\\c ", ADDRESS).lines().startswith("a=b\\\\c\n")


def test_a_broker_says_what_is_declared_and_keeps_what_it_acknowledged(directory: Path) -> None:
    """After SIGKILL it comes back with the record."""
    with ExitStack() as stack:
        made = _cluster(directory, stack, **{"num.partitions": "3"})
        stack.enter_context(node(made, 0))
        with node(made, 1) as broker:
            admin = AdminClient({"bootstrap.servers": made.bootstrap})
            resource = ConfigResource(ResourceType.BROKER, "1")
            reported = admin.describe_configs([resource])[resource].result(10)
            assert {name: reported[name].value for name in DECLARED} == {**DECLARED, "num.partitions": "3"}
            admin.create_topics([NewTopic("kept")])["kept"].result(10)
            assert _sent(made, b"a") is None
            assert kill([broker.pid]).pids
        with node(made, 1):
            assert _sent(made, b"b") is None
            assert (
                len(
                    AdminClient({"bootstrap.servers": made.bootstrap}).list_topics("kept", 10).topics["kept"].partitions
                )
                == 3
            )


def _sent(cluster: Cluster, value: bytes) -> KafkaError | None:
    """What became of one record."""
    told: list[KafkaError | None] = []

    def tell(error: KafkaError | None, _message: Message) -> None:
        told.append(error)

    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all", "message.timeout.ms": 20000})
    producer.produce("kept", value, on_delivery=tell)
    producer.flush(30)
    return told[0]


def test_a_property_that_is_refused_is_told_with_its_address(directory: Path) -> None:
    """Kafka's own words, the value, and where it is declared."""
    with ExitStack() as stack:
        made = _cluster(directory, stack, **{"min.insync.replicas": "perhaps"})
        with (
            pytest.raises(UsageError, match=rf"{ADDRESS}: Kafka refuses min.insync.replicas = perhaps: Invalid value"),
            node(made, 0),
        ):
            pass
