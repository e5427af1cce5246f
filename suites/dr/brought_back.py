"""What a restore to just before a bad transaction must show."""

from __future__ import annotations

from collections.abc import Iterator

from fixtures.drill.restore import Restored
from meshproof import measure
from meshproof.errors import ProbeError


def is_brought_back(drill: Restored) -> Iterator[str]:
    """Everything that was acknowledged before the bad transaction is there, and nothing that was sent after it."""
    if drill.failed or drill.verdict is None:
        yield drill.failed
        return
    if drill.cut:
        raise ProbeError(drill.cut)
    if not drill.gone:
        message = "the bad transaction took nothing: nothing was seen of a restore"
        raise ProbeError(message)
    measure("restore to a point in time", drill.seconds, "s")
    measure("rows brought back", drill.gone, "rows")
    yield from drill.verdict.complaints()
