"""The catalogue of controls as a page: one table for each system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def catalogue(rows: Sequence[Mapping[str, object]]) -> str:
    """Markdown of every control that was collected, by system and id."""
    return "\n".join(_lines(rows)) + "\n"


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
            yield (
                f"| {row['id']} | {row['level']} | {row['title']} | {relates} | {_count(row['mutants'])} "
                f"| {row['file']} | [source]({row['source']}) |"
            )


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def _count(value: object) -> int:
    return len(value) if isinstance(value, (list, tuple)) else 0
