"""Commands over running targets: start one that stays, list them, stop them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from meshproof.errors import UsageError
from meshproof.settings import read_settings
from meshproof.targets.embedded.lease import attach
from meshproof.targets.embedded.running import Found, described, running, stop


def up(root: Path, *, infra: Path | None, environment: str | None, programs: Path, out: Console) -> None:
    """Start a target that stays until `meshproof down`, and say how to reach it.

    Raises UsageError where `programs` is not there, TargetError where the target cannot be had.
    """
    if not (root / programs).is_file():
        message = f"{programs}: there is no such file; it says which program stands for an image: name it by --programs"
        raise UsageError(message)
    settings = read_settings(root, {"infra": infra, "environment": environment, "target": "embedded"})
    lease, state = attach(settings, root / programs, keep=True)
    lease.release()
    for line in described(state):
        out.print(line, markup=False)


def down(names: Sequence[str], *, everything: bool, out: Console) -> None:
    """Stop the kept targets, or those named, or also those that runs still use; one line for each.

    Raises UsageError for a name that no running target has.
    """
    found = {one.name: one for one in running()}
    for name in names:
        if name not in found:
            message = f"{name}: no such target is up; up are: {', '.join(found) or 'none'}"
            raise UsageError(message)
    for one in found.values():
        if one.name in names or (not names and (everything or one.kept)):
            out.print(f"{one.name} stopped in {stop(one):.1f} s", markup=False)
        else:
            out.print(f"{one.name} left alone: {_why(one)}", markup=False)
    if not found:
        out.print("no target is up", markup=False)


def _why(one: Found) -> str:
    if one.kept:
        return "it was not named"
    return f"a run uses it; stop it by its name or --all (supervisor {one.pid})"
