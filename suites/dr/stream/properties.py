"""Kafka's declared properties, as mutants of the stream change one of them."""

from __future__ import annotations

from typing import Final

from fixtures.stream.declared import CONFIGURATION
from meshproof import edit
from meshproof.mutant import Mutant

SHOWN_BY: Final = ("embedded",)
JEPSEN: Final = "https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/kafka.clj"
#: What the mutants below leave as it is.
DECLARED: Final = {
    "auto.create.topics.enable": "false",
    "default.replication.factor": "3",
    "log.retention.hours": "168",
    "message.max.bytes": "1048588",
    "min.insync.replicas": "2",
    "num.partitions": "12",
    "offsets.topic.replication.factor": "3",
    "replica.lag.time.max.ms": "30000",
    "transaction.state.log.min.isr": "2",
    "transaction.state.log.replication.factor": "3",
    "unclean.leader.election.enable": "false",
}


def with_property(name: str, value: str, *, says: str) -> Mutant:
    """The declared properties with one of them changed."""
    text = "\n".join(f"{key}={one}" for key, one in {**DECLARED, name: value}.items())
    patch = {"server_properties": text}
    return edit("aws_msk_configuration", CONFIGURATION, patch, says=says, name=f"{name.replace('.', '-')}-{value}")


UNCLEAN: Final = with_property("unclean.leader.election.enable", "true", says="acknowledged events never delivered")
