"""The bridge to the other cloud: whatever dies, every event arrives, and what arrives again can be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.stream.bridged import Bridged
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.mutant import Mutant
from meshproof.observation import Observed
from suites.dr.stream.properties import SHOWN_BY

#: The declared bridge.yaml, as far as the drill carries it out.
DECLARED: Final = """source: {{group: stream-bridge, isolation_level: read_committed, auto_offset_reset: {reset},
  enable_auto_commit: false, max_poll_records: 500, session_timeout_ms: 15000}}
sink: {{kind: pubsub, ordering_key: record_key, publish_timeout_ms: 10000}}
delivery: {{guarantee: at_least_once, commit: {commit}}}
duplicates: {{identify_by: [{identify}]}}
"""


def _with(
    name: str, *, says: str, reset: str = "earliest", commit: str = "after_acknowledgement", identify: str = "offset"
) -> Mutant:
    text = DECLARED.format(reset=reset, commit=commit, identify=identify)
    return edit("ConfigMap", "primary:data/stream-bridge", {"data": {"bridge.yaml": text}}, says=says, name=name)


ARRIVES: Final = Control(
    id="DR-326",
    title="Every event that Kafka acknowledged MUST arrive in Pub/Sub, and a second delivery MUST be told from a new event",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/msk-replicator.html",
    remedy="Begin at the earliest record, commit an offset after Pub/Sub's acknowledgement, name topic, partition, offset.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-9", "soc2": "PI1.5"},
    mutants=[
        _with("from-the-latest", reset="latest", identify="topic, partition, offset", says="never delivered"),
        _with("commit-before", commit="before_publishing", identify="topic, partition, offset", says="never delivered"),
        _with("offset-alone", says="would be taken for second deliveries"),
    ],
)


@checks(ARRIVES)
def test_every_event_arrives(bridged: Observed[Bridged]) -> None:
    """It begins after the first events, dies before and after Pub/Sub took what it held, and a broker dies meanwhile."""
    findings = judge([bridged], lambda one: _arrives(one.value))

    assert not findings.broken, findings.table()


def _arrives(drill: Bridged) -> Iterator[str]:
    queue = drill.queue
    measure("events lost by the bridge", len(queue.lost), "events", objective=0)
    measure("events delivered again by the bridge", queue.duplicates, "events")
    measure("events published whose offset was not committed", drill.forced, "events")
    yield from queue.complaints(at_least_once=True)
    if not queue.lost and (not drill.forced or queue.duplicates < drill.forced):
        message = f"{drill.forced} events should have come again, {queue.duplicates} did: no second delivery was forced"
        raise ProbeError(message)
    if drill.recognized > queue.duplicates:
        yield f"{drill.recognized - queue.duplicates} new events would be taken for second deliveries"
    elif drill.recognized < queue.duplicates:
        yield f"{queue.duplicates - drill.recognized} second deliveries would be taken for new events"
