"""What of the suites a run was asked for, and what it left out."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field


class Selection(BaseModel):
    """As the command line narrowed it, and what that left out; `left_out` decides whether it was all of the suites.

    What was left out counts however it came to be left out: by a path, an expression, or another plugin's choice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    expression: str = Field(default="", description="-k")
    marks: str = Field(default="", description="-m")
    paths: list[str] = Field(default_factory=list, description="what was named of the suites; empty: all of them")
    deselect: list[str] = Field(default_factory=list, description="--deselect")
    left_out: list[str] | None = Field(
        default=None, description="files of the suites and checks (file::test) left out; null where that is not known"
    )

    @property
    def is_whole(self) -> bool:
        """Whether everything in the suites was selected; a run that does not record it is none."""
        return self.left_out is not None and not self.left_out

    @property
    def arguments(self) -> list[str]:
        """What selects the same again, as pytest's arguments; nothing where the command line left nothing out."""
        options = (("-k", self.expression), ("-m", self.marks), *(("--deselect", one) for one in self.deselect))
        return [*self.paths, *(part for name, value in options if value for part in (name, value))]

    @property
    def part(self) -> str:
        """The part of the suites that it was, in words; empty for all of them."""
        if self.is_whole:
            return ""
        if asked := shlex.join(self.arguments):
            return f"only {asked}"
        return "only a part of the suites" if self.left_out else "how much of the suites is not recorded"


def together(parts: Sequence[Selection]) -> Selection:
    """What several runs of one environment selected between them: only what all of them left out is left out."""
    first, paths = parts[0], [one.paths for one in parts]
    left_out = _left_out_by_all([one.left_out for one in parts])
    if left_out is not None and not left_out:
        return Selection(environment=first.environment, left_out=[])
    return Selection(
        environment=first.environment,
        expression=_either(one.expression for one in parts),
        marks=_either(one.marks for one in parts),
        paths=list(dict.fromkeys(path for one in paths for path in one)) if all(paths) else [],
        deselect=[name for name in first.deselect if all(name in one.deselect for one in parts)],
        left_out=left_out,
    )


def _left_out_by_all(lists: Sequence[Sequence[str] | None]) -> list[str] | None:
    known = [frozenset(one) for one in lists if one is not None]
    if len(known) < len(lists):
        return None
    every = {name for one in known for name in one}
    return sorted(name for name in every if all({name, _file(name)} & one for one in known))


def _file(name: str) -> str:
    return name.partition("::")[0]


def _either(expressions: Iterable[str]) -> str:
    """One expression for what any of them selects; none where one of the runs had none."""
    found = list(dict.fromkeys(expressions))
    if "" in found:
        return ""
    return found[0] if len(found) == 1 else " or ".join(f"({one})" for one in found)
