"""Commands over finished runs: render again, compare, explain."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from meshproof.errors import UsageError
from meshproof.report.formats import render_all
from meshproof.report.model import ControlRun, Run

_BADNESS = ["pass", "not_applicable", "exempt", "not_selected", "not_on_this_target", "unknown", "fail"]


def load_run(directory: Path) -> Run:
    """The model of a run; raises UsageError where there is none, or where it is not one of ours."""
    path = directory / "run.json"
    try:
        return Run.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}; name the directory of a run"
        raise UsageError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: is not UTF-8: {error.reason}; it is not a run"
        raise UsageError(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = f"{path}: {where}: {first['msg'].lower()}; it is not a run of this version"
        raise UsageError(message) from error


def render(directory: Path, *, out: Console) -> None:
    """Write every format again from run.json; the evidence stays as it is."""
    run = load_run(directory)
    evidence = {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted((directory / "evidence").rglob("*"))
        if path.is_file()
    }
    for name, body in render_all(run, evidence).items():
        if name not in evidence and name != "run.json":
            try:
                (directory / name).write_bytes(body)
            except OSError as error:
                message = f"{directory / name}: cannot be written: {error.strerror}; copy the run elsewhere"
                raise UsageError(message) from error
            out.print(f"wrote {directory / name}", markup=False)


def compare(before: Path, after: Path, *, out: Console) -> int:
    """Print what changed; 1 where a verdict became worse, else 0."""
    runs = load_run(before), load_run(after)
    if len({one.selection.part for one in runs}) > 1:
        first, second = (one.selection.part or "all of the suites" for one in runs)
        out.print(f"not asked the same: before {first}, after {second}", markup=False)
    old, new = ({one.id: one for one in run.controls} for run in runs)
    changes = [
        (key, old.get(key), new.get(key))
        for key in sorted(old.keys() | new.keys())
        if _short(old.get(key)) != _short(new.get(key))
    ]
    if not changes:
        out.print(f"no verdict changed ({len(new)} controls)")
        return 0
    table = Table("control", "before", "after", "title")
    for key, one, other in changes:
        shown = other or one
        table.add_row(*(escape(text) for text in (key, _short(one), _short(other), shown.title if shown else "")))
    out.print(table)
    return int(any(_is_worse(one, other) for _, one, other in changes))


def _short(control: ControlRun | None) -> str:
    return (
        "-" if control is None else f"{control.verdict} ({control.assurance})" if control.assurance else control.verdict
    )


def _is_worse(one: ControlRun | None, other: ControlRun | None) -> bool:
    if other is None:
        return one is not None and one.verdict == "pass"
    before = _BADNESS.index(one.verdict) if one is not None else 0
    return _BADNESS.index(other.verdict) > before


def explain(directory: Path, control: str, *, out: Console) -> None:
    """Print one control whole."""
    run = load_run(directory)
    found = next((one for one in run.controls if one.id == control.upper()), None)
    if found is None:
        message = f"{control}: no such control in {directory}; the ids stand in suites/CONTROLS.md"
        raise UsageError(message)
    out.print(f"[bold]{escape(found.id)}[/] {escape(found.title)}")
    out.print(f"  {found.level} · {found.system} · {found.pillar}", markup=False)
    known = f", {found.assurance} ({found.fidelity})" if found.assurance else ""
    out.print(f"  verdict   {found.verdict}{known} on target {found.target}; {found.judged} judged", markup=False)
    for where in found.where:
        out.print(f"  broken    {where.file}:{where.line or '-'}  {where.address}: {where.says}", markup=False)
    if found.reason and not found.where:
        out.print(f"  reason    {found.reason}", markup=False)
    out.print(f"  remedy    {found.remedy}", markup=False)
    out.print(f"  source    {found.source}", markup=False)
    for name, clauses in found.frameworks.items():
        out.print(f"  {name:9} {clauses}", markup=False)
    for check in found.checks:
        out.print(f"  check     {check.nodeid} ({check.outcome}, {check.seconds:.3f} s)", markup=False)
    for one in found.evidence:
        out.print(f"  evidence  {one.file} sha256:{one.sha256}", markup=False)
    for mutant in run.mutants:
        if mutant.control == found.id:
            out.print(f"  mutant    {mutant.name}: {mutant.outcome}", markup=False)
