"""The plan target as a run has it: nothing runs, so nothing can be entered."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.settings import Settings
from meshproof.targets.protocols import Hold, Incarnation, Ran, Target
from meshproof.targets.ran import ran
from meshproof.toolchain.needs import PLAN, Readiness, readiness
from meshproof.verdict import Assurance


class PlanTarget:
    """What the real tools make of the declaration."""

    name: Final = "plan"
    shows: Final = Assurance.RESOLVED

    def readiness(self) -> Readiness:
        """Whether the tools are here."""
        return readiness(self.name)

    def programs(self, settings: Settings) -> Iterable[Ran]:
        """The tools."""
        del settings
        return ran(PLAN)

    def reserve(self, settings: Settings) -> Hold | None:
        """There is nothing to hold."""
        del settings
        return None

    def attach(self, settings: Settings, programs: Path) -> AbstractContextManager[Incarnation]:
        """Always raises TargetError."""
        del settings, programs
        message = "nothing of the platform runs on the plan target: use --target embedded, kind or live"
        raise TargetError(message)


TARGET: Final[Target] = PlanTarget()
