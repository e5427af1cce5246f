"""`meshproof equivalence`: the same controls on several targets, and where these disagree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from meshproof.commands.runs import load_run
from meshproof.errors import UsageError
from meshproof.reasons import read_reasons
from meshproof.report import equivalence_page as page
from meshproof.report.equivalence import Equivalence
from meshproof.report.equivalence import equivalence as compared

MARKDOWN, HTML = "equivalence.md", "equivalence.html"


def equivalence(runs: Sequence[Path], *, explained: Path | None, into: Path | None, out: Console) -> int:
    """Print what differs, write the whole table; 1 where a disagreement is not explained. Raises UsageError."""
    reasons = _reasons(explained) if explained is not None else {}
    loaded = [(load_run(one), one) for one in runs]
    digests = [(hashlib.sha256((path / "run.json").read_bytes()).hexdigest(), run) for run, path in loaded]
    found = compared(digests, reasons)
    _print(found, out)
    if into is not None:
        _write(into, found)
        out.print(f"table  {into / HTML}", markup=False)
    return 1 if found.unexplained else 0


def _reasons(path: Path) -> Mapping[str, str]:
    if not (found := read_reasons(path, "explained")):
        message = (
            f'{path.name}: has no table [explained] with lines of ID = "reason"; write it, or leave the option out'
        )
        raise UsageError(message)
    return found


def _print(found: Equivalence, out: Console) -> None:
    table = Table("control", *(page.heading(one) for one in found.columns), box=SIMPLE)
    for row in found.rows:
        if len({one.verdict for one in row.cells if one.column.run is not None}) > 1:
            table.add_row(row.id, *(page.shown(one) for one in row.cells))
    out.print(table)
    for one in found.disagreements:
        why = f"explained: {one.explained}" if one.explained else "UNEXPLAINED"
        out.print(f"{one.control}  {why}", markup=False)
        out.print(f"  broken  {page.complaint(one.broken)}", markup=False)
        for cell in (one.kept, one.broken):
            out.print(f"  {page.shown(cell)}  {page.evidence(cell)}", markup=False)
    out.print(f"{page.headline(found)}; {found.seen_once} decided on one target only", markup=False)


def _write(into: Path, found: Equivalence) -> None:
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, body in ((MARKDOWN, page.markdown(found)), (HTML, page.html(found))):
            (into / name).write_bytes(body)
    except OSError as error:
        message = f"{into}: the table cannot be written there: {error.strerror}; choose another --into"
        raise UsageError(message) from error
