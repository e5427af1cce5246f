"""Commands about programs: bring them, say what is here, pin their sources."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from meshproof.errors import MeshproofError, TargetError, UsageError
from meshproof.targets import BUILT, target_named
from meshproof.toolchain import find, find_bundle, find_provider, lock_program, shown
from meshproof.toolchain.lock import LOCK_FILE, Lock, read_lock
from meshproof.toolchain.needs import wanted, welcome
from meshproof.toolchain.program import Bundle, Program, Progress, silent

#: The provider that the declaration of AWS is planned with.
AWS: Final = ("hashicorp/aws", "5.100.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What to bring: without the `needed` the command fails, the `welcome` are tried."""

    needed: tuple[str, ...]
    welcome: tuple[str, ...] = ()


def fetch(programs: Sequence[str], *, everything: bool, out: Console) -> None:
    """Bring what is missing, as much of it as can be had; one line for each.

    Raises TargetError naming what can be had nowhere, unless the gate can do without it.
    """
    lock = read_lock(LOCK_FILE)
    choice = _choice(programs, everything=everything, lock=lock)
    failed: list[str] = []
    names = (*choice.needed, *choice.welcome)
    with shown(out) as progress:
        for place, name in enumerate(names, 1):
            try:
                found = _look(name, lock, fetch=True, progress=_counted(progress, f"{place}/{len(names)}"))
            except TargetError as error:
                if name in choice.needed:
                    failed.append(str(error))
                else:
                    out.print(f"without {name}: {error}", markup=False)
            else:
                out.print(f"{name} {found.version}  {found.source}", markup=False)
    if failed:
        raise TargetError("\n".join(failed))


def doctor(out: Console) -> int:
    """0 where a target can run, 4 where none can."""
    lock = read_lock(LOCK_FILE)
    names = (*lock.programs, *lock.bundles)
    width = max(map(len, names))
    for name in names:
        try:
            found = _look(name, lock)
        except MeshproofError as error:
            line = f"missing: {_short(error)}"
        else:
            line = f"{found.sha256[:12]}  {found.version}  {found.source}"
        out.print(f"{name:{width}}  {line}", markup=False)
    provider = find_provider(*AWS)
    where = f"found on disk ({provider.name})" if provider is not None else "asked of its registry by terraform"
    out.print(f"terraform provider {AWS[0]} {AWS[1]}: {where}", markup=False)
    return _targets(out)


def lock(program: str, *, out: Console) -> None:
    """Pin a program's sources anew and say what was pinned."""
    with shown(out) as progress:
        lines = lock_program(program, progress=progress)
    for line in lines:
        out.print(line, markup=False)


def _choice(programs: Sequence[str], *, everything: bool, lock: Lock) -> _Choice:
    if everything:
        programs = [name for name, entry in lock.programs.items() if entry.sources]
        return _Choice(needed=(*programs, *lock.bundles))
    for name in programs:
        if name not in lock.programs and name not in lock.bundles:
            message = f"{name}: no such program; the lock file knows {', '.join([*lock.programs, *lock.bundles])}"
            raise UsageError(message)
    return _Choice(needed=tuple(programs)) if programs else _Choice(needed=wanted(), welcome=welcome())


def _counted(progress: Progress, place: str) -> Progress:
    """Say at each step how far the whole is."""
    return lambda step: progress(replace(step, doing=f"{place} {step.doing}"))


def _look(name: str, lock: Lock, *, fetch: bool = False, progress: Progress = silent) -> Program | Bundle:
    bring = find_bundle if name in lock.bundles else find
    return bring(name, fetch=fetch, progress=progress)


def _targets(out: Console) -> int:
    table = Table("target", "can run here", "shows up to", title="Targets", title_justify="left", box=SIMPLE)
    found = [target_named(name) for name in BUILT]
    states = [one.readiness() for one in found]
    for target, state in zip(found, states, strict=True):
        table.add_row(target.name, "yes" if state.ready else f"no: {state.reason}", target.shows.label)
    out.print(table)
    out.print(f"cores {os.cpu_count()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}")
    return 0 if any(state.ready for state in states) else 4


def _short(error: MeshproofError) -> str:
    text = str(error).partition(" cannot be had: ")[2] or str(error)
    return text if len(text) <= 120 else f"{text[:117]}..."  # noqa: PLR2004 - one line of a terminal
