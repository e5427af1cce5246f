"""The targets that are up now: which they are, how to reach them, and how they end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from meshproof.errors import NotYet, TargetError
from meshproof.targets.embedded import state
from meshproof.targets.embedded.lease import VARIABLE, home, is_alive, is_leased
from meshproof.targets.embedded.state import SiteState, TargetState
from meshproof.targets.embedded.supervisor import ALIVE, REQUEST, Request
from meshproof.waiting import until

_STOPPED_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A target whose supervisor lives: `kept` until it is stopped, `used` by a run.

    There is no state until it is ready, nor of one that another version of the engine runs.
    """

    directory: Path
    pid: int
    kept: bool
    used: bool
    state: TargetState | None

    @property
    def name(self) -> str:
        """How commands call it."""
        return self.directory.name


def running() -> Iterator[Found]:
    """This user's targets that are up or on their way."""
    for directory in sorted(home().iterdir()):
        with suppress(OSError, ValueError, ValidationError):
            if is_alive(directory):
                yield _found(directory)


def stop(target: Found) -> float:
    """Stop a target and wait until nothing is left of it; returns the seconds. Raises TargetError where it stays."""
    if is_alive(target.directory):
        with suppress(ProcessLookupError):
            os.kill(target.pid, signal.SIGTERM)
    try:
        return until(
            target.directory.exists, lambda there: not there, within_s=_STOPPED_WITHIN_S, what=f"{target.name} gone"
        ).seconds
    except NotYet as error:
        raise TargetError(str(error)) from error


def described(found: TargetState) -> list[str]:
    """Lines for a person: kubeconfigs, URLs, what does not run, how to use it and how to stop it."""
    lines = [f"target {found.directory.name}: ready after {found.seconds:.1f} s, in {found.directory}"]
    for site in found.sites:
        lines += _site(site)
    if found.not_run:
        lines.append(f"not run here: {len(found.not_run)} workloads that no row of the programs' file names")
    lines += [
        f"use:   {VARIABLE}={found.directory} pytest --target {found.target}",
        f"stop:  meshproof down {found.directory.name}",
    ]
    return lines


def _site(site: SiteState) -> Iterator[str]:
    yield site.name
    yield f"  kubeconfig     {site.kubeconfig}"
    yield f"  API server     {site.url}"
    if site.istiod_pid:
        yield f"  audit log      {site.audit_log}"
        yield f"  control plane  {site.debug}"
    for one in site.processes:
        ports = ", ".join(f"{name} {number}" for name, number in one.ports.items())
        yield f"  {one.kind:13}  {one.namespace}/{one.name}  {one.address} ({ports})  admin {one.admin}"


def _found(directory: Path) -> Found:
    request = Request.model_validate_json((directory / REQUEST).read_text(encoding="utf-8"))
    return Found(
        directory=directory,
        pid=int((directory / ALIVE).read_text(encoding="utf-8")),
        kept=request.keep,
        used=is_leased(directory),
        state=_state(directory),
    )


def _state(directory: Path) -> TargetState | None:
    """What the target tells of itself; nothing where another version of the engine wrote it."""
    try:
        return state.read(directory) if (directory / state.FILE).exists() else None
    except TargetError:
        return None
