"""The catalogue of controls as a page: one table for each system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from meshproof.errors import UsageError


def write_catalogue(path: Path, rows: Sequence[Mapping[str, object]], *, retired: Mapping[str, str]) -> None:
    """Write the page; an id that its last version lists may only go as a retired one.

    Raises UsageError where a control would disappear in silence, or where a retired id is in use again.
    """
    ids = {str(row["id"]) for row in rows}
    if again := sorted(ids & set(retired)):
        message = f"{again[0]} is retired ({retired[again[0]]}): an id is never used again; give the control a new one"
        raise UsageError(message)
    known = set(_ID.findall(path.read_text(encoding="utf-8"))) if path.exists() else set()
    if lost := sorted(known - ids - set(retired)):
        message = (
            f"{path.name} lists {', '.join(lost)}, which no suite has any more: collect all suites, bring the control "
            "back, or retire it with its reason in suites/retired.toml"
        )
        raise UsageError(message)
    path.write_text(catalogue(rows), encoding="utf-8")


def catalogue(rows: Sequence[Mapping[str, object]]) -> str:
    """Markdown of every control that was collected, by system and id."""
    return "\n".join(_lines(rows)) + "\n"


_ID = re.compile(r"^\| ([A-Z][A-Z0-9]*-\d+) \|", re.MULTILINE)


def _lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    mutants = sum(_count(row["mutants"]) for row in rows)
    related = [row for row in rows if row["relates"]]
    yield "# Controls"
    yield ""
    yield (
        f"{len(rows)} controls with {mutants} declared mutants; {len(related)} relate two or more kinds of object. "
        "Written by `pytest suites --co -q --catalogue suites/CONTROLS.md`."
    )
    for system in sorted({str(row["system"]) for row in rows}):
        yield ""
        yield f"## {system}"
        yield ""
        yield "| id | level | demand | relates | mutants | file | source |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        for row in sorted((one for one in rows if one["system"] == system), key=lambda one: str(one["id"])):
            relates = ", ".join(f"`{one}`" for one in _texts(row["relates"]))
            nightly = ", nightly" if row["tier"] == "nightly" else ""
            yield (
                f"| {row['id']} | {row['level']}{nightly} | {row['title']} | {relates} | {_count(row['mutants'])} "
                f"| {row['file']} | [source]({row['source']}) |"
            )


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def _count(value: object) -> int:
    return len(value) if isinstance(value, (list, tuple)) else 0
