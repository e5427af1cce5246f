"""A requirement as a value, and the decorator that ties a check to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from meshproof.errors import UsageError

if TYPE_CHECKING:
    from meshproof.mutant import Mutant

F = TypeVar("F", bound=Callable[..., object])

_ID = re.compile(r"[A-Z][A-Z0-9]*-\d{2,3}")
_RFC_2119 = re.compile(r"\b(MUST|SHOULD|MAY)\b")


class Level(StrEnum):
    """RFC 2119 strength; only a MUST decides the exit status."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Pillar(StrEnum):
    """Pillars of the AWS Well-Architected Framework."""

    OPERATIONS = "operational excellence"
    SECURITY = "security"
    RELIABILITY = "reliability"
    PERFORMANCE = "performance efficiency"
    COST = "cost optimization"
    SUSTAINABILITY = "sustainability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement.

    `relates` names two or more kinds of object that the check must have read together (Terraform types,
    Kubernetes kinds, document kinds): a test holds the check to it. `frameworks` maps a framework
    (`nist`, `cis`, `pci`, `hipaa`, `soc2`) to its clauses. `targets` are the targets on which it can be shown.
    One of the `tier` nightly takes too long for every change: the gate lists it as not selected.
    Raises UsageError, with the file and line, for a control that could not be red.
    """

    id: str
    title: str
    system: str
    pillar: Pillar
    level: Level
    since: str
    source: str
    remedy: str
    mutants: tuple[Mutant, ...] | list[Mutant]
    targets: tuple[str, ...] = ("plan", "embedded", "kind", "live")
    relates: tuple[str, ...] = ()
    frameworks: Mapping[str, str] = field(default_factory=dict)
    tier: Literal["gate", "nightly"] = "gate"
    retired: str = ""

    def __post_init__(self) -> None:
        """Refuse what would make the control unable to fail or impossible to follow up."""
        if problem := self._problem():
            message = f"control {self.id or '(no id)'}: {problem}"
            raise UsageError(message)
        object.__setattr__(self, "mutants", tuple(self.mutants))

    def _problem(self) -> str | None:
        if not _ID.fullmatch(self.id):
            return "the id must look like MESH-001"
        if not self.retired and not self.mutants:
            return "has no mutant; a check that cannot fail proves nothing: add edit(...) or remove(...)"
        if not self.source or not self.remedy:
            return "needs a source and a remedy"
        words = set(_RFC_2119.findall(self.title))
        if self.level.value not in words:
            return f"is a {self.level.value}, but its title does not say {self.level.value}"
        names = [mutant.name for mutant in self.mutants]
        if len(set(names)) != len(names):
            return "has two mutants of the same name; give one of them name=..."
        return None


def checks(control: Control, *, runs_a_program: bool = False) -> Callable[[F], F]:
    """Make the decorated test function the check that decides `control`.

    One that `runs_a_program` takes too long to judge thousands of generated mutants: what only it would kill counts
    as a survivor.
    """

    def mark(function: F) -> F:
        function.__meshproof_runs_a_program__ = runs_a_program  # type: ignore[attr-defined]  # read by `is_quick`
        function.__meshproof_control__ = control  # type: ignore[attr-defined]  # read back by `control_of`
        return function

    return mark


def control_of(function: object) -> Control | None:
    """The control that a test function decides, if it decides one."""
    control = getattr(function, "__meshproof_control__", None)
    return control if isinstance(control, Control) else None


def is_quick(function: object) -> bool:
    """Whether a check decides by looking at values alone."""
    return not getattr(function, "__meshproof_runs_a_program__", False)


def place_of(function: Callable[..., object], root: Path) -> tuple[str, int]:
    """File (relative to `root` where it lies below it) and line of a check."""
    code = function.__code__
    path = Path(code.co_filename)
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return shown.as_posix(), code.co_firstlineno
