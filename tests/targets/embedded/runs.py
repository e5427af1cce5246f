"""Runs of a target in processes of their own, so that a test may kill them: with real programs or one that sleeps."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshproof.process import Running
from meshproof.targets.embedded.running import Found, running
from meshproof.waiting import until

ROOT = Path(__file__).parents[3]

#: A supervisor whose world is one process that sleeps, so that what is tested is only how a target begins and ends.
SUPERVISOR = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from typing import get_origin
from meshproof.errors import TargetError
from meshproof.process import Running
from meshproof.targets.embedded import supervisor
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.state import TargetState

@contextmanager
def sleeping_world(request, directory):
    if os.environ.get("FAILS"):
        raise TargetError("istiod of primary ended with status 1: its last words")
    with leased() as block, Running(["sleep", "300"], log=directory / "sleep.log"):
        plain = {str: "none", int: os.getpid(), float: 0.0, Path: directory}
        known = {
            name: plain[kind] if (kind := field.annotation) in plain else get_origin(kind)()
            for name, field in TargetState.model_fields.items()
        }
        yield TargetState(**known | {"infra_digest": "same", "trust_domain": block.take()})

if __name__ == "__main__":
    supervisor.main(sleeping_world)
"""

#: A run: it holds the target until it is ended, and writes what it holds to the file `held`.
RUN = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from meshproof.errors import TargetError
from meshproof.settings import read_settings
from meshproof.targets.embedded import lease

more = {}
if sys.argv[1] == "asleep":
    more = {"module": "sleeping_supervisor"}
    lease.declaration_of = lambda settings: SimpleNamespace(digest="same")
held = Path(sys.argv[2])
settings = read_settings(Path(sys.argv[3]), {"keep": sys.argv[4] == "keep"})
try:
    holds, state = lease.attach(settings, Path(sys.argv[3]) / "fixtures" / "programs.toml", **more)
    said = f"{holds.directory} {state.trust_domain}"
except TargetError as error:
    said = f"TargetError: {error}"
held.with_suffix(".half").write_text(said)
held.with_suffix(".half").rename(held)
signal.pause()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run in a process of its own."""

    process: Running
    held: Path

    def says(self, *, within_s: float = 60.0) -> str:
        """The directory and trust domain of the target that it holds, or why it holds none."""
        until(self.held.exists, bool, within_s=within_s, what=f"the run's hold ({self.process.log})")
        return self.held.read_text(encoding="utf-8")

    def directory(self, *, within_s: float = 60.0) -> Path:
        """The directory of the target that it holds."""
        return Path(self.says(within_s=within_s).split()[0])


@contextmanager
def started(place: Path, name: str, *, real: bool = False, keep: bool = False, **more: str) -> Iterator[Run]:
    """A run whose targets lie below `place`; ended with the block."""
    (place / "sleeping_supervisor.py").write_text(SUPERVISOR, encoding="utf-8")
    script, held = place / "run.py", place / f"{name}.held"
    script.write_text(RUN, encoding="utf-8")
    known = {key: value for key, value in os.environ.items() if key != "MESHPROOF_EMBEDDED"}
    path = f"{place}{os.pathsep}{ROOT / 'src'}"
    environment = {**known, "TMPDIR": str(place), "PYTHONPATH": path, **more}
    argv = [sys.executable, str(script), "real" if real else "asleep", str(held), str(ROOT), "keep" if keep else "-"]
    with Running(argv, log=place / f"{name}.log", env=environment, stop_within_s=1) as process:
        yield Run(process=process, held=held)


def left_of(place: Path) -> list[str]:
    """What still runs or lies below `place`: processes that carry its name anywhere, and targets' directories."""
    mark, own = str(place).encode(), os.getpid()
    found = [str(one) for one in sorted(place.glob("meshproof-*/*"))]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            told = (
                (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes() + bytes((entry / "cwd").readlink())
            )
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
        if mark in told and int(entry.name) != own:
            found.append(f"{entry.name}: {(entry / 'cmdline').read_bytes()[:80]!r}")
    return found


def nothing_left_of(place: Path, *, within_s: float = 20.0) -> float:
    """Wait for the end of everything below `place`; returns the seconds. Raises NotYet with what is left."""
    return until(lambda: left_of(place), lambda left: not left, within_s=within_s, what=f"nothing of {place}").seconds


def found_here() -> list[Found]:
    """The targets that run below this test's directory."""
    return list(running())
