"""One write as its client saw it: what it was, when it was sent, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

_SEQUENCE_BITS: Final = 40


class Outcome(StrEnum):
    """What a client knows of its write."""

    #: The store acknowledged it.
    OK = "ok"
    #: The store refused it before anything was written.
    FAIL = "fail"
    #: Sent, and no answer came: it may or may not have been written. Never counted as lost.
    INDETERMINATE = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write; `value` is unique in the history. Instants are in nanoseconds on the monotonic clock.

    `ended_at_ns` is None where nothing was heard. `by` names who acknowledged it (a site), `epoch` under which
    term, `position` where in that store's log (bytes); -1 where the reply did not say. `client_class` is how its
    client finds and keeps its connection, `endpoint` where it was sent, `why` what was answered instead of yes.
    """

    value: int
    client_class: str
    endpoint: str
    sent_at_ns: int
    ended_at_ns: int | None = None
    outcome: Outcome = Outcome.INDETERMINATE
    by: str = ""
    epoch: int = -1
    position: int = -1
    why: str = ""

    @property
    def client(self) -> int:
        """The number of the client that wrote it."""
        return client_of(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All writes in the order in which they were sent. `cut` says why it ends early, empty where it is whole."""

    operations: tuple[Operation, ...]
    cut: str = ""

    def having(self, outcome: Outcome) -> list[Operation]:
        """The writes of which this is known."""
        return [one for one in self.operations if one.outcome is outcome]

    def before(self, at_ns: int) -> History:
        """What was known at an instant: what was sent by then; what was answered later is unheard of."""
        sent = [one for one in self.operations if one.sent_at_ns < at_ns]
        known = [one if one.ended_at_ns is None or one.ended_at_ns < at_ns else _unheard(one) for one in sent]
        return replace(self, operations=tuple(known))


def _unheard(one: Operation) -> Operation:
    return Operation(value=one.value, client_class=one.client_class, endpoint=one.endpoint, sent_at_ns=one.sent_at_ns)


def value_of(client: int, sequence: int) -> int:
    """The unique value that a client writes as its `sequence`-th; both count from 0."""
    return (client << _SEQUENCE_BITS) | sequence


def client_of(value: int) -> int:
    """The client that writes a value."""
    return value >> _SEQUENCE_BITS
