"""A stream's logs are one for everybody: what is lost, doubled, swapped, skipped or made up is told as what it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.kafka import Polled, check_kafka
from meshproof.history.operation import History, Operation, Outcome
from tests.history.histories import SECOND, history, written

SENDS = st.lists(
    st.tuples(st.sampled_from(list(Outcome)), st.integers(0, 2), st.integers(1, 3), st.booleans()),
    min_size=1,
    max_size=40,
)


def _stream(sends: list[tuple[Outcome, int, int, bool]]) -> tuple[History, list[Polled]]:
    """A clean stream of three partitions with gaps between its offsets, and one consumer that read all of it.

    Of what nobody heard about, some is in the log.
    """
    ends, log, operations = dict.fromkeys(range(3), 0), list[Polled](), list[Operation]()
    for value, (outcome, partition, gap, is_there) in enumerate(sends):
        stored = outcome is Outcome.OK or (outcome is Outcome.INDETERMINATE and is_there)
        if stored:
            ends[partition] += gap
            log.append(Polled("audit", f"orders/{partition}", ends[partition], value))
        position = ends[partition] if outcome is Outcome.OK else -1
        operations.append(written(value, outcome, by=f"orders/{partition}", position=position))
    return history(*operations), log


@given(SENDS)
def test_a_clean_stream_is_silent(sends: list[tuple[Outcome, int, int, bool]]) -> None:
    """Nothing is said, however the offsets lie."""
    made, log = _stream([*sends, (Outcome.OK, 0, 1, True)])

    found = check_kafka(made, log)

    assert found.complaints() == []
    assert found.unseen == ()
    assert found.polled == found.acknowledged + len(found.recovered)


@given(SENDS, st.data())
def test_a_lost_event_is_found_wherever_it_lay(
    sends: list[tuple[Outcome, int, int, bool]], data: st.DataObject
) -> None:
    """Below the last polled offset it is lost; above it nothing is known of it."""
    made, log = _stream([*sends, (Outcome.OK, 0, 1, True), (Outcome.OK, 1, 1, True)])
    acknowledged = {one.value for one in made.having(Outcome.OK)}
    gone = data.draw(st.sampled_from([one for one in log if one.value in acknowledged]))
    left = [one for one in log if one is not gone]

    found = check_kafka(made, left)

    was_last = all(one.offset < gone.offset for one in left if one.partition == gone.partition)
    assert [one.value for one in (found.unseen if was_last else found.lost)] == [gone.value]
    assert not (found.lost if was_last else found.unseen)


def test_each_anomaly_is_told_as_what_it_is() -> None:
    """On one clean stream of four events."""
    made, log = _stream([(Outcome.OK, 0, 1, True)] * 4)
    again = Polled("audit", "orders/0", 9, 2)
    other = Polled("other", "orders/0", 2, 3)
    refused = history(*made.operations[:3], written(3, Outcome.FAIL))

    assert check_kafka(made, [*log, again]).complaints() == ["1 event there more than once: 2"]
    assert "1 place at an offset with two values: orders/0@2" in check_kafka(made, [*log, other]).complaints()
    assert check_kafka(refused, log).complaints() == ["1 event that nobody sent: 3"]
    assert check_kafka(made, [*log, log[3]]).complaints() == ["1 record polled backward: orders/0@4"]
    assert check_kafka(made, [*log, replace(log[1], consumer="two"), replace(log[3], consumer="two")]).complaints() == [
        "1 record polled past others: orders/0@4"
    ]


@given(st.integers(2, 30), st.data())
def test_two_sends_that_followed_each_other_may_not_be_swapped(total: int, data: st.DataObject) -> None:
    """Sent after the other was acknowledged, and before it in the log."""
    made, _ = _stream([(Outcome.OK, 0, 1, True)] * total)
    at = data.draw(st.integers(0, total - 2))
    one, other = made.operations[at], made.operations[at + 1]
    swapped = [*made.operations]
    swapped[at : at + 2] = [replace(one, position=other.position), replace(other, position=one.position)]
    log = [Polled("audit", "orders/0", one.position, one.value) for one in sorted(swapped, key=lambda o: o.position)]

    found = check_kafka(history(*swapped), log)

    assert [one.value for one in found.reordered] == [other.value]
    assert found.complaints() == [f"1 event out of order: {other.value}"]


def test_sends_under_way_together_have_no_order() -> None:
    """Neither was acknowledged when the other was sent."""
    made = history(
        written(1, sent_s=1, took_s=2, by="orders/0", position=2),
        written(2, sent_s=2, took_s=2, by="orders/0", position=1),
    )

    assert not check_kafka(made, [Polled("audit", "orders/0", 1, 2), Polled("audit", "orders/0", 2, 1)]).complaints()


@pytest.mark.parametrize("polls", [[], [Polled("audit", "orders/0", 1, 1)]], ids=["not-polled", "not-sent"])
def test_nothing_seen_is_unknown(polls: list[Polled]) -> None:
    """There is no verdict."""
    with pytest.raises(ProbeError, match="nothing is known"):
        check_kafka(history(*([] if polls else [written(1)])), polls)


def test_strangers_of_a_history_that_is_cut_are_unknown() -> None:
    """Their intents may be what was cut off."""
    made, log = _stream([(Outcome.OK, 0, 1, True)] * 2)
    with pytest.raises(ProbeError, match="1 value cannot be told from strangers"):
        check_kafka(history(made.operations[0], cut="ledger:3: cut"), log)
    assert made.operations[1].sent_at_ns == SECOND
