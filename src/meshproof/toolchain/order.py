"""What a source is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshproof.toolchain.lock import BundleLock, ProgramLock
from meshproof.toolchain.program import Progress, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Make the program `name` in the private directory `staging`; its executable belongs at `executable`.

    A bundle's files belong into a directory of that path.
    `downloads` keeps interrupted downloads, `beside` is the directory of the lock file.
    """

    name: str
    entry: ProgramLock | BundleLock
    platform: str
    staging: Path
    downloads: Path
    beside: Path
    progress: Progress

    @property
    def executable(self) -> Path:
        """Where the finished program has to lie."""
        return self.staging / "bin" / self.name

    def say(self, doing: str) -> None:
        """Show a step whose end cannot be known."""
        self.progress(Step(program=self.name, doing=doing))
