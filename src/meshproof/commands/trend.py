"""`meshproof trend`: a run, or several, into the history of their kind, and the page of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from meshproof.commands.runs import load_run
from meshproof.errors import UsageError
from meshproof.report import trend_page, words
from meshproof.report.trend import Change, Trend, added, changes, unsteady

HISTORY, PAGE = "history.json", "trend.html"
_SHOWN = 10


def trend(directories: Sequence[Path], *, into: Path, out: Console) -> None:
    """Add the runs, write the history and its page, print the newest. Raises UsageError, and then writes nothing."""
    found = _read(into / HISTORY)
    for directory in directories:
        digest = hashlib.sha256((directory / "run.json").read_bytes()).hexdigest() if directory.is_dir() else ""
        found = added(found, load_run(directory), digest)
    if found is None:
        message = f"{into / HISTORY}: there is no history yet; name the directory of a run"
        raise UsageError(message)
    _write(into, {HISTORY: found.model_dump_json(by_alias=True, indent=1).encode(), PAGE: trend_page.render(found)})
    out.print(_table(found))
    for one in unsteady(found.runs):
        out.print(f"unsteady  {one.control}: {' and '.join(one.verdicts)} in {one.runs} runs of the same", markup=False)
    out.print(f"trend   {into / PAGE}", markup=False)


def _read(path: Path) -> Trend | None:
    try:
        return Trend.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        message = f"{path}: is no history of runs: {str(error).splitlines()[0]}; move it away to begin a new one"
        raise UsageError(message) from error


def _write(into: Path, files: dict[str, bytes]) -> None:
    """Each file whole or not at all: an older history outlives a full disk."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            partial = into / f".{name}.partial"
            partial.write_bytes(body)
            partial.replace(into / name)
    except OSError as error:
        message = f"{into}: the trend could not be written: {error.strerror}; choose another --into"
        raise UsageError(message) from error


def _table(found: Trend) -> Table:
    table = Table(
        Column("started", no_wrap=True),
        "commit",
        "pass",
        "fail",
        "unknown",
        "mutants",
        "took",
        "changed",
        title=escape(str(found.kind)),
    )
    runs = found.runs
    first = max(len(runs) - _SHOWN, 0)
    for at, one in list(enumerate(runs))[first:]:
        said = _said(changes(runs[at - 1], one)) if at else ""
        table.add_row(
            one.started.strftime("%Y-%m-%d %H:%M"),
            escape(one.commit[:9]) or "-",
            str(one.summary.pass_),
            str(one.summary.fail),
            str(one.summary.unknown),
            f"{one.mutants.killed}/{one.mutants.made}" if one.mutants.made else "-",
            words.duration(one.seconds),
            escape(said),
            style="red" if one.summary.fail or not one.complete else "",
        )
    return table


def _said(changed: Sequence[Change]) -> str:
    said = [f"{one.control} {words.VERDICTS.get(one.was or '', 'new')} → {_now(one)}" for one in changed[:3]]
    return ", ".join([*said, *([f"{len(changed) - 3} more"] if len(changed) > len(said) else [])])


def _now(change: Change) -> str:
    return words.VERDICTS.get(change.now or "", "gone")
