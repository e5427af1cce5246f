"""The table of equivalence as a page and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from meshproof.report import words
from meshproof.report.equivalence import NOT_RUN, Cell, Column, Disagreement, Equivalence
from meshproof.report.templating import asset, extend, tag, templates

_WORDS: Final = {**words.VERDICTS, NOT_RUN: "not run"}


def headline(found: Equivalence) -> str:
    """One sentence for a reader in a hurry."""
    count, rest = len(found.unexplained), len(found.disagreements) - len(found.unexplained)
    alike = f"{found.agreeing} controls alike on two targets or more"
    if count:
        return f"{count} unexplained disagreement{'s' if count > 1 else ''}, {alike}"
    return f"No unexplained disagreement ({rest} explained), {alike}"


def heading(column: Column) -> str:
    """A target's name; which of its runs, where it was run at all."""
    return f"{column.target} {column.digest[:8]}" if column.run is not None else column.target


def shown(cell: Cell) -> str:
    """Verdict, assurance and fidelity in words."""
    word = _WORDS[cell.verdict]
    if cell.control is None or cell.control.assurance is None:
        return word
    stood = f", {cell.control.fidelity}" if cell.control.fidelity not in (None, "real") else ""
    return f"{word} ({cell.control.assurance}{stood})"


def evidence(cell: Cell) -> str:
    """What a verdict rests on: the run by its digest, and the files of evidence by theirs."""
    files = [f"{one.file} sha256:{one.sha256}" for one in cell.control.evidence] if cell.control is not None else []
    return "; ".join([f"{cell.column.target} run sha256:{cell.column.digest}", *files])


def complaint(cell: Cell) -> str:
    """The first thing that is broken, and how many more there are."""
    if cell.control is None or not cell.control.where:
        return cell.control.reason if cell.control is not None else ""
    first, *more = cell.control.where
    place = f"{first.file}:{first.line}" if first.line else first.file
    return f"{place} {first.address}: {first.says}" + (f" (and {len(more)} more)" if more else "")


def markdown(found: Equivalence) -> bytes:
    """As UTF-8."""
    return ("\n".join(_lines(found)) + "\n").encode()


def html(found: Equivalence) -> bytes:
    """One file as UTF-8, without network and without a script."""
    extend({"WORDS": _WORDS}, {"shown": shown, "evidence": evidence, "complaint": complaint, "heading": heading})
    style = tag(asset("page.css"))
    page = templates().get_template("equivalence.html")
    return page.render(found=found, style=style, headline=headline(found)).encode()


def _lines(found: Equivalence) -> Iterator[str]:
    yield "# Equivalence of targets\n"
    yield f"{headline(found)}; {found.seen_once} were decided on one target only. Missing targets agree with nobody.\n"
    for column in found.columns:
        told = f"run sha256:`{column.digest}`" if column.run is not None else "not run"
        yield f"- **{column.target}**: {told}"
    yield "\n## Disagreements\n"
    for one in found.disagreements:
        yield from _disagreement(one)
    if not found.disagreements:
        yield "None.\n"
    yield "## Controls\n"
    yield "| control | demand | " + " | ".join(heading(one) for one in found.columns) + " |"
    yield "| --- " * (len(found.columns) + 2) + "|"
    for row in found.rows:
        yield f"| {row.id} | {_cell(row.title)} | " + " | ".join(shown(one) for one in row.cells) + " |"


def _disagreement(one: Disagreement) -> Iterator[str]:
    why = f"explained: {one.explained}" if one.explained else "**unexplained**"
    yield f"- **{one.control}** {_cell(why)}"
    yield f"  - kept: {shown(one.kept)}; {evidence(one.kept)}"
    yield f"  - broken: {shown(one.broken)}; {evidence(one.broken)}"
    yield f"  - {_cell(complaint(one.broken))}\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
