"""Markdown for a pull request: what broke, where, and what to do; never longer than a comment may be."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from meshproof.report import words
from meshproof.report.model import ControlRun, Measurement, Run, SystemRow

#: A comment on the large forges holds 65,536 characters; below it, with room for what a bot adds.
LIMIT_BYTES = 60_000
#: Bytes kept for what follows the broken controls, and for the unknown ones.
_RESERVE, _RESERVE_UNKNOWN = 9_000, 2_000
_PLACES, _SYSTEMS, _WORDS = 10, 120, 400
_COLUMNS = "| measured | value | objective | from | control |\n|---|--:|--:|---|---|"
_MARKUP = re.compile(r"([\\`*_\[\]|#~])")


def render(run: Run) -> bytes:
    """The comment as UTF-8, below LIMIT_BYTES."""
    parts = [*_head(run), *_systems(run)]
    broken = [one for one in run.controls if one.verdict == "fail"]
    unknown = [one for one in run.controls if one.verdict == "unknown"]
    parts += _section(
        f"### Broken ({len(broken)})", [_broken(one) for one in broken], LIMIT_BYTES - _RESERVE - _size(parts)
    )
    rows = [f"- {_code(one.id)} {_text(one.title)}: {_text(one.reason)}\n" for one in unknown]
    opening = f"<details><summary>Could not be seen ({len(unknown)})</summary>\n"
    parts += _section(opening, rows, LIMIT_BYTES - _RESERVE_UNKNOWN - _size(parts), closing="\n</details>\n")
    closing = [*_mutation(run), *_foot(run)]
    opening = f"<details><summary>Measured ({len(run.measurements)})</summary>\n\n{_COLUMNS}"
    rows = [_measured(one) for one in run.measurements]
    parts += _section(opening, rows, LIMIT_BYTES - _size([*parts, *closing]), closing="\n</details>\n")
    return "\n".join([*parts, *closing]).encode()


def _head(run: Run) -> Iterator[str]:
    yield f"## {words.headline(run)}\n"
    if not run.complete:
        yield "**This run did not reach its end.**\n"
    said = " · ".join(f"{number} {word}" for word, number in words.counts(run.summary))
    yield f"{said}  "
    yield (
        f"environment {_code(run.selection.environment)}, target {_code(run.target)}, tier {_code(run.tier)}, "
        f"platform {_code(run.platform_version or '-')}, {words.duration(run.seconds)}"
    )
    if run.selection.part:
        yield f"**A part of the suites, held to no floor:** {_code(run.selection.part)}"


def _systems(run: Run) -> Iterator[str]:
    yield "\n| system | floor | best | pass | fail | unknown | n/a | exempt |"
    yield "|---|---|---|--:|--:|--:|--:|--:|"
    yield from (_row(row) for row in run.systems[:_SYSTEMS])
    if len(run.systems) > _SYSTEMS:
        yield f"\nand {len(run.systems) - _SYSTEMS} more systems"
    yield ""


def _row(row: SystemRow) -> str:
    summary = row.summary
    numbers = (summary.pass_, summary.fail, summary.unknown, summary.not_applicable, summary.exempt)
    best = f"**{row.best or 'none'}**" if words.floor_missed(row) else row.best
    cells = [_text(row.id), row.floor, best, *(str(number) if number else "·" for number in numbers)]
    return "| " + " | ".join(cell or "-" for cell in cells) + " |"


def _broken(control: ControlRun) -> str:
    lines = [f"- **{_code(control.id)} {_text(control.title)}**"]
    for one in control.where[:_PLACES]:
        place = f"{one.file}:{one.line}" if one.line else one.file
        lines.append(f"  - {_code(place)} {_code(one.address)}: {_text(one.says)}")
    if len(control.where) > _PLACES:
        lines.append(f"  - and {len(control.where) - _PLACES} more places")
    if not control.where and control.reason:
        lines.append(f"  - {_text(control.reason)}")
    return "\n".join([*lines, f"  - Remedy: {_text(control.remedy)}", ""])


def _measured(one: Measurement) -> str:
    held = "-" if one.objective is None else words.number(one.objective, one.unit)
    cells = (_text(one.name), words.number(one.value, one.unit), held, _text(one.objective_source), _text(one.control))
    return "| " + " | ".join(cell or "-" for cell in cells) + " |"


def _section(heading: str, rows: list[str], room: int, *, closing: str = "") -> Iterator[str]:
    """The heading and as many rows as there is room for, in bytes; how many are left out is said."""
    if not rows:
        return
    yield heading
    room -= _size([heading, closing])
    for number, row in enumerate(rows):
        room -= _size([row])
        if room < 0:
            yield f"\nand {len(rows) - number} more, in the report"
            break
        yield row
    yield closing


def _mutation(run: Run) -> Iterator[str]:
    if run.mutants:
        killed = sum(one.outcome == "killed" for one in run.mutants)
        yield f"Declared mutants: {killed} of {len(run.mutants)} killed  "
    if (score := run.generated_mutants) is not None and score.made:
        part = words.share(score.killed, score.made)
        yield f"Generated mutants: {score.killed} of {score.made} killed ({part}), seed {score.seed}  "
    if run.replanned_mutants:
        yield f"Made in HCL as well: {words.replanned(run)}  "


def _foot(run: Run) -> Iterator[str]:
    declaration, suite = (_code(digest[:16] or "-") for digest in (run.infra_digest, run.tool.suite_digest))
    yield f"\n<sub>Meshproof {_text(run.tool.version)} · declaration {declaration} · suite {suite}</sub>\n"


def _size(parts: Iterable[str]) -> int:
    return sum(len(part.encode()) + 1 for part in parts)


def _text(text: str) -> str:
    """One line of plain text: no markup, no mention of a person, no reference to an issue."""
    short = " ".join(text.split())
    if len(short) > _WORDS:
        short = short[: _WORDS - 1] + "…"
    return _MARKUP.sub(r"\\\1", html.escape(short, quote=False)).replace("@", "@<!-- -->")


def _code(text: str) -> str:
    """Text as code on one line, whatever backquotes it holds."""
    short = " ".join(text.split())[:_WORDS]
    fence = "`" * (max((len(run) for run in re.findall("`+", short)), default=0) + 1)
    pad = " " if "`" in short else ""
    return f"{fence}{pad}{short}{pad}{fence}"
