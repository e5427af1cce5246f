"""Histories made up for tests of the checkers."""

from __future__ import annotations

from meshproof.history.operation import History, Operation, Outcome

SECOND = 1_000_000_000


def written(  # noqa: PLR0913  what a test varies of a write
    value: int,
    outcome: Outcome = Outcome.OK,
    *,
    sent_s: float | None = None,
    took_s: float = 0.1,
    by: str = "primary",
    epoch: int = 1,
    position: int = -1,
) -> Operation:
    """A write that was sent at `sent_s` (by default at its value) and answered `took_s` later."""
    at = int((value if sent_s is None else sent_s) * SECOND)
    heard = outcome is not Outcome.INDETERMINATE
    return Operation(
        value=value,
        client_class="pool",
        endpoint="x",
        sent_at_ns=at,
        ended_at_ns=at + int(took_s * SECOND) if heard else None,
        outcome=outcome,
        by=by if outcome is Outcome.OK else "",
        epoch=epoch if outcome is Outcome.OK else -1,
        position=position,
    )


def history(*operations: Operation, cut: str = "") -> History:
    """These writes."""
    return History(operations=operations, cut=cut)
