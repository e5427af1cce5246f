"""`meshproof merge`: the runs of several jobs as one report."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from meshproof.commands.runs import load_run
from meshproof.errors import UsageError
from meshproof.report.directory import ReportDirectory
from meshproof.report.merging import exit_status, held, merged, shortfalls
from meshproof.report.model import Run
from meshproof.settings import read_settings


def merge(directories: Sequence[Path], *, into: Path, root: Path, out: Console) -> int:
    """Write the merged report and return the exit status that one run would have had. Raises UsageError."""
    runs = [load_run(one) for one in directories]
    _require_apart(directories, into)
    settings = read_settings(root, {"report_dir": str(into)})
    run = held(merged(runs, [_name(one) for one in directories]), settings)
    short = shortfalls(run, settings)
    evidence = {name: body for one, each in zip(directories, runs, strict=True) for name, body in _evidence(one, each)}
    directory = ReportDirectory(settings, run.started)
    directory.prepare()
    directory.write(run, evidence)
    counts = run.summary
    out.print(f"{counts.pass_} pass  {counts.fail} fail  {counts.unknown} unknown, of {len(runs)} runs")
    if run.selection.part:
        out.print(f"part    {run.selection.part}: held to no floor", markup=False)
    for one in short:
        out.print(f"below   {one}", markup=False)
    out.print(f"report  {directory.path / 'report.html'}", markup=False)
    out.print(f"digest  {directory.digest} (SHA256SUMS)", markup=False)
    return exit_status(run, short)


def _require_apart(directories: Sequence[Path], into: Path) -> None:
    """Raise UsageError for a part that is named twice, or that the merged report would take the place of."""
    by_digest: dict[str, Path] = {}
    for one in directories:
        other = by_digest.setdefault(hashlib.sha256((one / "run.json").read_bytes()).hexdigest(), one)
        if other is not one:
            message = f"{one}: is the same run as {other}, so its numbers would count twice; name each part once"
            raise UsageError(message)
        if one.resolve() == into.resolve():
            message = f"--into {into}: is one of the parts, which would be lost; choose another directory"
            raise UsageError(message)


def _name(directory: Path) -> str:
    """A run by the name of its directory and the digest of what it says."""
    digest = hashlib.sha256((directory / "run.json").read_bytes()).hexdigest()
    return f"{directory.resolve().name} sha256:{digest}"


def _evidence(directory: Path, run: Run) -> list[tuple[str, bytes]]:
    """Every file of evidence, by its name in a report. Raises UsageError for one that is gone or was changed."""
    paths = sorted(path for path in (directory / "evidence").rglob("*") if path.is_file())
    found = {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}
    for one in (each for control in run.controls for each in control.evidence):
        if one.file not in found:
            message = f"{directory}: {one.file}, which a verdict rests on, is not there; bring the whole run"
            raise UsageError(message)
        if hashlib.sha256(found[one.file]).hexdigest() != one.sha256:
            message = f"{directory / one.file}: is not what the run saw; take the run as it was made"
            raise UsageError(message)
    return list(found.items())
