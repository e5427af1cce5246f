"""The summary in the terminal: systems, broken promises with remedies, what could not be seen, where the page is."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from meshproof.report import words
from meshproof.report.assemble import Assembly
from meshproof.report.directory import ReportDirectory
from meshproof.report.model import ControlRun, Measurement, Run

if TYPE_CHECKING:
    import pytest

#: How many rows of a list are shown before "and n more": the page has them all.
SHOWN = 12
#: Of what is the same in every run.
FEW = 3


def show_run(reporter: pytest.TerminalReporter, assembly: Assembly, directory: ReportDirectory) -> None:
    """Print the summary of a finished run."""
    run = assembly.run()
    out = io.StringIO()
    markup = reporter.hasmarkup
    console = Console(
        file=out,
        force_terminal=markup,
        no_color=not markup,
        width=max(80, min(shutil.get_terminal_size().columns, 140)),
    )
    for part in _parts(run, assembly):
        console.print(part)
    console.print(f"report  {directory.path / 'report.html'}", soft_wrap=True, highlight=False)
    console.print(f"digest  {directory.digest} (SHA256SUMS)", soft_wrap=True, highlight=False)
    reporter.ensure_newline()
    reporter.write(out.getvalue())


def _parts(run: Run, assembly: Assembly) -> Iterator[Table | Text]:
    yield _systems(run)
    yield from _lines("Broken", [_broken(one) for one in run.controls if one.verdict == "fail"], "red")
    yield from _lines(
        "Could not be seen", [f"{one.id}  {one.reason}" for one in run.controls if one.verdict == "unknown"], "yellow"
    )
    yield from _lines(
        "Exempt",
        [f"{one.control} until {one.expires} ({one.owner}): {one.reason}" for one in run.exemptions if one.matched],
        "cyan",
    )
    unread = [f"{one.where}  {one.subject}: {one.says}" for one in run.notes if one.where]
    yield from _lines("Not read as declared", unread, "yellow", shown=FEW)
    yield from _lines("The suite broke", list(assembly.broke), "red")
    yield from _lines("Below the floor", assembly.floors_missed, "red")
    yield from _lines("Bad exemption", assembly.usage_problems, "red")
    yield from _lines("Measured", [_measured(one) for one in run.measurements], "cyan")
    yield from _mutation(run, assembly)
    if run.selection.part:
        yield Text("\nA PART OF THE SUITES", style="bold yellow")
        yield Text(f"{run.selection.part}: held to no floor, and to no mutation score")
    yield _headline(run)


def _systems(run: Run) -> Table:
    table = Table(
        title=f"{run.selection.environment} · target {run.target} · platform {run.platform_version}",
        title_justify="left",
    )
    for name in ("system", "floor", "best"):
        table.add_column(name)
    for name in ("pass", "fail", "unknown", "n/a", "exempt"):
        table.add_column(name, justify="right")
    for row in run.systems:
        counts = row.summary
        style = "red" if counts.fail else "yellow" if counts.unknown else ""
        cells = (counts.pass_, counts.fail, counts.unknown, counts.not_applicable, counts.exempt)
        table.add_row(row.id, row.floor, row.best or "-", *(str(n) if n else "·" for n in cells), style=style)
    return table


def _broken(control: ControlRun) -> str:
    places = [f"    {one.file}:{one.line or '-'}  {one.address}: {one.says}" for one in control.where[:SHOWN]]
    more = [f"    and {len(control.where) - SHOWN} more"] if len(control.where) > SHOWN else []
    detail = places or [f"    {line}" for line in control.reason.splitlines()[:SHOWN]]
    return "\n".join([f"{control.id} {control.title}", *detail, *more, f"    remedy: {control.remedy}"])


def _measured(one: Measurement) -> str:
    held = "" if one.objective is None else f" (objective {words.number(one.objective, one.unit)})"
    return f"{one.control}  {one.name}: {words.number(one.value, one.unit)}{held}"


def _lines(title: str, rows: list[str], style: str, shown: int = SHOWN) -> Iterator[Text]:
    if not rows:
        return
    yield Text(f"\n{title} ({len(rows)})", style=f"bold {style}")
    for row in rows[:shown]:
        yield Text(row)
    if len(rows) > shown:
        yield Text(f"and {len(rows) - shown} more: see the page")


def _mutation(run: Run, assembly: Assembly) -> Iterator[Text]:
    if run.mutants:
        unseen = sum(one.outcome == "unseen" for one in run.mutants)
        killed = sum(one.outcome == "killed" for one in run.mutants)
        bad = [one for one in run.mutants if one.outcome not in ("killed", "unseen")]
        here = f", {unseen} cannot be run on this machine" if unseen else ""
        yield Text(
            f"\nDeclared mutants: {killed} of {len(run.mutants)} killed{here}",
            style="bold red" if bad else "bold",
        )
        for one in bad[:SHOWN]:
            yield Text(f"{one.control} {one.name}: {one.outcome}: {one.said.splitlines()[0] if one.said else ''}")
    if (score := run.generated_mutants) is not None and score.made:
        yield Text(
            f"Generated mutants: {score.killed} of {score.made} killed ({score.killed / score.made:.1%})"
            f", seed {score.seed}",
            style="bold",
        )
        cells = [f"{name} {one.killed}/{one.made}" for name, one in score.by_system.items()]
        yield Text("  " + " · ".join(cells))
    if run.replanned_mutants:
        yield Text(f"Made in HCL as well: {words.replanned(run)}", style="bold")
    yield from _lines("Mutation score below its threshold", assembly.score_missed, "red")


def _headline(run: Run) -> Text:
    counts = run.summary
    parts = [
        (counts.pass_, "pass", "green"),
        (counts.fail, "fail", "red"),
        (counts.unknown, "unknown", "yellow"),
        (counts.not_applicable, "not applicable", ""),
        (counts.exempt, "exempt", "cyan"),
        (counts.not_selected, "not selected", ""),
        (counts.not_on_this_target, "not on this target", ""),
    ]
    text = Text("\n")
    if not run.complete:
        text.append("INCOMPLETE RUN  ", style="bold red")
    for number, word, style in parts:
        if number or word in ("pass", "fail", "unknown"):
            text.append(f"{number} {word}  ", style=f"bold {style}".strip() if number else "dim")
    return text
