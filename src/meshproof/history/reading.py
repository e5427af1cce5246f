"""Reads a ledger back. A line that is not whole ends the history there: what follows it is not trusted."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from meshproof.errors import ProbeError
from meshproof.history.ledger import INTENT
from meshproof.history.operation import History, Operation, Outcome

_OUTCOMES: Final[Mapping[str, Outcome]] = {one.value: one for one in Outcome}
_SUM_LENGTH: Final = 9
#: A third of the time of json.loads, which looks for an encoding first.
_JSON: Final = json.JSONDecoder()


class _NotWholeError(ValueError):
    """A line is not what was written."""


def read_ledger(path: Path) -> History:
    """Every write of the ledger, in the order of their intents; one without an outcome is indeterminate.

    A file that ends in the middle of a line, or a line that is not what its sum says, gives a history that is cut.
    Raises ProbeError when the file cannot be read.
    """
    found: dict[int, Operation | list[Any]] = {}
    cut = ""
    for number, line in enumerate(_lines(path), 1):
        try:
            _take(_decoded(line), found)
        except _NotWholeError as error:
            cut = f"{path.name}:{number}: {error}; the history ends before this line"
            break
    operations = tuple(_unheard(one) if isinstance(one, list) else one for one in found.values())
    return History(operations=operations, cut=cut)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        message = f"{path.name}: the ledger cannot be read: {error.strerror}; nothing is known of what was written"
        raise ProbeError(message) from error


def _decoded(line: bytes) -> list[Any]:
    if not line.endswith(b"\n"):
        message = "the record is cut off"
        raise _NotWholeError(message)
    text = line[_SUM_LENGTH:-1]
    if line[:_SUM_LENGTH] != b"%08x " % zlib.crc32(text):
        message = "the record is not what was written"
        raise _NotWholeError(message)
    row: list[Any]
    row, _ = _JSON.raw_decode(text.decode())
    return row


def _take(row: list[Any], found: dict[int, Operation | list[Any]]) -> None:
    """An intent stays the row that it is until its outcome comes: a million writes are made into values once."""
    value = row[1]
    if row[0] == INTENT:
        if value in found:
            message = f"{value} is sent twice"
            raise _NotWholeError(message)
        found[value] = row
        return
    intent = found.get(value)
    if not isinstance(intent, list):
        message = f"{value} has an outcome and {'was never sent' if intent is None else 'had one before'}"
        raise _NotWholeError(message)
    found[value] = Operation(
        value=value,
        client_class=intent[3],
        endpoint=intent[4],
        sent_at_ns=intent[2],
        ended_at_ns=row[2],
        outcome=_OUTCOMES[row[0]],
        by=row[3],
        epoch=row[4],
        position=row[5],
        why=row[6],
    )


def _unheard(intent: list[Any]) -> Operation:
    return Operation(value=intent[1], client_class=intent[3], endpoint=intent[4], sent_at_ns=intent[2])
