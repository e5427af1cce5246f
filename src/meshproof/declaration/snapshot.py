"""A declaration as a file: the cache between worker processes, and the evidence that `verify` replays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from meshproof.declaration.model import UNKNOWN, Declaration, Note, Place, Record, canonical
from meshproof.errors import UsageError
from meshproof.verdict import Assurance, Fidelity

SCHEMA = "https://meshproof.example/schemas/evidence/declaration/v1.json"

_PLAIN = [one.name for one in fields(Record) if one.name not in ("place", "assurance", "fidelity")]


def to_text(declaration: Declaration) -> str:
    """Canonical JSON of the whole declaration; equal declarations give equal text."""
    return canonical(
        {
            "schema": SCHEMA,
            "environment": declaration.environment,
            "version": declaration.version,
            "records": [_row(record) for record in sorted(declaration.records, key=lambda one: one.address)],
            "notes": [
                {"subject": note.subject, "says": note.says, "place": _place_row(note.place), "hides": note.hides}
                for note in declaration.notes
            ],
        }
    )


def from_text(text: str) -> Declaration:
    """The inverse of `to_text`; raises UsageError where the text is not such a snapshot."""
    try:
        data = json.loads(text, object_hook=_revive)
        return Declaration(
            environment=data["environment"],
            version=data["version"],
            records=tuple(_record(row) for row in data["records"]),
            notes=tuple(
                Note(
                    subject=row["subject"],
                    says=row["says"],
                    place=_place(row["place"]),
                    hides=row.get("hides", False),  # a snapshot of an earlier run has none
                )
                for row in data["notes"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"not a declaration snapshot ({type(error).__name__}: {error}); take one from a complete run"
        raise UsageError(message) from error


def _row(record: Record) -> dict[str, object]:
    row = {name: getattr(record, name) for name in _PLAIN}
    row["place"] = _place_row(record.place)
    row["assurance"] = record.assurance.label
    row["fidelity"] = record.fidelity.value
    return row


def _place_row(place: Place | None) -> list[object] | None:
    return None if place is None else [place.file, place.line]


def _place(row: list[object] | None) -> Place | None:
    if row is None:
        return None
    line = row[1]
    return Place(file=str(row[0]), line=line if isinstance(line, int) else None)


def _record(row: Mapping[str, Any]) -> Record:
    values = dict(row)
    values["place"] = _place(values["place"]) or Place(file="")
    values["assurance"] = Assurance.from_label(values["assurance"])
    values["fidelity"] = Fidelity(values["fidelity"])
    values["references"] = {path: tuple(targets) for path, targets in values["references"].items()}
    return Record(**values)


def _revive(row: dict[str, object]) -> object:
    return UNKNOWN if len(row) == 1 and row.get("$unknown") is True else row
