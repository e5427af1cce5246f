"""Commands about programs: bring them, say what is here, pin their sources."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from meshproof.errors import MeshproofError, UsageError
from meshproof.toolchain import find, find_bundle, find_provider, lock_program, shown
from meshproof.toolchain.lock import LOCK_FILE, read_lock

#: What the plan target cannot do without; terraform stands first because it decides everything else.
NEEDED: Final = ("terraform", "kustomize", "helm", "opa", "checkov")

#: The provider that the declaration of AWS is planned with.
AWS: Final = ("hashicorp/aws", "5.100.0")


def fetch(programs: Sequence[str], *, everything: bool, out: Console) -> None:
    """Bring what is missing; one line for each program. Raises TargetError where a program can be had nowhere."""
    lock = read_lock(LOCK_FILE)
    known = [*lock.programs, *lock.bundles]
    names = known if everything else list(programs) or list(NEEDED)
    for name in names:
        if name not in known:
            message = f"{name}: no such program; the lock file knows {', '.join(known)}"
            raise UsageError(message)
    with shown(out) as progress:
        for name in names:
            bring = find_bundle if name in lock.bundles else find
            found = bring(name, fetch=True, progress=progress)
            out.print(f"{name} {found.version}  {found.source}", markup=False)


def doctor(out: Console) -> int:
    """0 where a target can run, 4 where none can."""
    table = Table("program", "version", "from", "sha256", title="Programs", title_justify="left")
    missing = []
    for name in read_lock(LOCK_FILE).programs:
        try:
            program = find(name)
        except MeshproofError as error:
            table.add_row(name, "-", f"missing: {_short(error)}", "")
            missing += [name] if name in NEEDED else []
            continue
        table.add_row(name, program.version, program.source, program.sha256[:12])
    out.print(table)
    provider = find_provider(*AWS)
    where = f"found on disk ({provider.name})" if provider is not None else "asked of its registry by terraform"
    out.print(f"terraform provider {AWS[0]} {AWS[1]}: {where}", markup=False)
    return _targets(missing, out)


def lock(program: str, *, out: Console) -> None:
    """Pin a program's sources anew and say what was pinned."""
    with shown(out) as progress:
        lines = lock_program(program, progress=progress)
    for line in lines:
        out.print(line, markup=False)


def _targets(missing: list[str], out: Console) -> int:
    table = Table("target", "can run here", title="Targets", title_justify="left")
    if missing:
        table.add_row("plan", f"no: {', '.join(missing)} missing; run: meshproof fetch {' '.join(missing)}")
    else:
        table.add_row("plan", "yes")
    linux = platform.system() == "Linux"
    embedded = "not in this version" if linux else f"no: Linux only, this is {platform.system()}"
    table.add_row("embedded", embedded)
    table.add_row("kind", "not in this version")
    table.add_row("live", "not in this version")
    out.print(table)
    out.print(f"cores {os.cpu_count()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}")
    return 4 if missing else 0


def _short(error: MeshproofError) -> str:
    text = str(error)
    return text if len(text) <= 120 else f"{text[:117]}..."  # noqa: PLR2004 - a table cell
