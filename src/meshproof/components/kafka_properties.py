"""The properties that a managed Kafka is declared with, as a broker's server.properties takes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meshproof.errors import UsageError

#: What an acknowledgement, an election or a measurement depends on: Kafka's own default never stands in for these.
REQUIRED: Final = (
    "auto.create.topics.enable",
    "default.replication.factor",
    "log.retention.hours",
    "message.max.bytes",
    "min.insync.replicas",
    "num.partitions",
    "offsets.topic.replication.factor",
    "replica.lag.time.max.ms",
    "transaction.state.log.min.isr",
    "transaction.state.log.replication.factor",
    "unclean.leader.election.enable",
)
#: What the managed service decides; here it is this machine's.
SERVICE_OWN: Final = (
    "advertised.listeners",
    "broker.rack",
    "controller.listener.names",
    "controller.quorum.voters",
    "inter.broker.listener.name",
    "listener.security.protocol.map",
    "listeners",
    "log.dirs",
    "node.id",
    "process.roles",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What brokers and controllers are given: `values` by name, all declared at `address`."""

    values: Mapping[str, str]
    address: str

    def lines(self) -> str:
        """As in server.properties."""
        return "".join(f"{name}={_escaped(value)}\n" for name, value in sorted(self.values.items()))


def properties_of(text: str, address: str) -> Properties:
    """The properties that are declared at an address as lines of `name=value`.

    Raises UsageError naming the address for a line that is none, for what only the service may set, and for a
    required property that is not declared: no default of an engine is ever used in its place.
    """
    values = dict[str, str]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            message = f"{address}: line {number} of server_properties is not name=value: {line.strip()}; correct it"
            raise UsageError(message)
        values[name.strip()] = value.strip()
    if own := sorted(values.keys() & set(SERVICE_OWN)):
        message = f"{address}: server_properties sets {', '.join(own)}, which the service alone decides; leave it out"
        raise UsageError(message)
    if missing := [name for name in REQUIRED if name not in values]:
        message = (
            f"{address}: server_properties does not declare {', '.join(missing)}; state it, because no default of "
            "an engine stands in for it"
        )
        raise UsageError(message)
    return Properties(values=values, address=address)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")
