"""Terraform's own words, with file and line, out of its machine-readable output."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from meshproof.judgement import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One error of Terraform; `context` is the block it stands in, `address` the resource it is about, if any."""

    summary: str
    detail: str
    place: Place | None
    context: str
    address: str = ""

    def __str__(self) -> str:
        """One line: place, block, words."""
        where = f"{self.place}: " if self.place else ""
        inside = f"{self.context}: " if self.context else ""
        said = " ".join(f"{self.summary.rstrip('.')}. {self.detail}".split())
        return f"{where}{inside}{said}"


def errors(output: str) -> Iterator[Diagnostic]:
    """The errors in the output of a `-json` command; lines that are none are passed over."""
    for line in output.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found = row.get("diagnostic") if isinstance(row, dict) else None
        if isinstance(found, dict) and found.get("severity") == "error":
            yield _diagnostic(found)


def _diagnostic(row: Mapping[str, object]) -> Diagnostic:
    span, snippet = row.get("range"), row.get("snippet")
    place = None
    if isinstance(span, Mapping):
        start = span.get("start")
        place = Place(
            file=str(span.get("filename", "")), line=int(start["line"]) if isinstance(start, Mapping) else None
        )
    context = snippet.get("context") if isinstance(snippet, Mapping) else None
    return Diagnostic(
        summary=str(row.get("summary", "")),
        detail=str(row.get("detail") or ""),
        place=place,
        context=str(context or ""),
        address=str(row.get("address") or ""),
    )
