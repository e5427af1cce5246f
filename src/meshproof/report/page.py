"""What the HTML page shows, made ready for its template: order, groups, caps, pictures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from markupsafe import Markup, escape

from meshproof.report import words
from meshproof.report.model import ControlRun, Evidence, MutantRun, Run, Score, Survivor, SystemRow
from meshproof.report.pictures import Arc, Grid, Profile, grid, profile, ring

#: More places or survivors than this are counted, not listed: run.json has them all.
PLACES, SURVIVORS = 60, 40
#: A mutant that turns more controls red than this is too blunt to show what any of them demands.
BLUNT = 5
_CODE = re.compile(r"`([^`]+)`")

#: Verdict → the heading of its group and what it means.
GROUPS = {
    "fail": ("Broken", "The declaration or the running thing does not keep these promises."),
    "unknown": ("Could not be seen", "Neither kept nor broken as far as this run can tell; never counted as a pass."),
    "exempt": ("Set aside", "Broken, and excused for a while by an exemption with an owner and an end."),
    "pass": ("Kept", "Seen to hold, as strongly as the assurance says."),
    "not_applicable": ("Not applicable", "Nothing of this kind is declared."),
    "not_on_this_target": ("Not on this target", "Only another target can show these; not counted as a pass."),
    "not_selected": ("Not selected", "Left out by the tier or by what was asked for; not counted as a pass."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One system in the table of systems."""

    row: SystemRow
    key: str
    profile: Profile
    asked: bool
    missed: bool
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Item:
    """One control, with its system's key and its mutants."""

    run: ControlRun
    key: str
    mutants: list[MutantRun]

    @property
    def places(self) -> int:
        """How many places are not listed."""
        return max(0, len(self.run.where) - PLACES)


@dataclass(frozen=True, slots=True)
class Group:
    """The controls of one verdict."""

    verdict: str
    title: str
    meaning: str
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Proof:
    """Mutation of one system: declared mutants, and the share of generated ones that was noticed."""

    name: str
    declared: list[MutantRun]
    score: Score | None
    survivors: list[Survivor]

    @property
    def killed(self) -> int:
        """Declared mutants that were noticed for the right reason."""
        return sum(one.outcome == "killed" for one in self.declared)


class Page:
    """The page's content, computed from the run when it is asked for."""

    def __init__(self, run: Run) -> None:
        """Take the run."""
        self.run = run
        self._mine: dict[str, list[ControlRun]] = {}
        for control in run.controls:
            self._mine.setdefault(control.system, []).append(control)

    @cached_property
    def keys(self) -> dict[str, str]:
        """System → a key that is safe in a selector."""
        names = dict.fromkeys([*(row.id for row in self.run.systems), *self._mine])
        return {name: f"s{number}" for number, name in enumerate(names)}

    @property
    def headline(self) -> str:
        """The one sentence."""
        return words.headline(self.run)

    @property
    def mood(self) -> str:
        """The verdict whose colour the headline wears."""
        summary = self.run.summary
        if summary.fail:
            return "fail"
        return "pass" if summary.pass_ and not summary.unknown and self.run.complete else "unknown"

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """Verdict, word and number, in the order of attention."""
        return [(key, word, words.count_of(self.run.summary, key)) for key, word in words.VERDICTS.items()]

    @property
    def ring(self) -> list[Arc]:
        """The ring of the seal."""
        order = ("pass", "not_applicable", "exempt", "unknown", "fail", "not_on_this_target", "not_selected")
        return ring((key, words.count_of(self.run.summary, key)) for key in order)

    @property
    def judged(self) -> int:
        """Controls that were decided one way or the other."""
        return self.run.summary.pass_ + self.run.summary.fail + self.run.summary.exempt

    @cached_property
    def systems(self) -> list[Line]:
        """The table of systems."""
        return [self._line(row) for row in self.run.systems]

    def _line(self, row: SystemRow) -> Line:
        elsewhere = row.summary.not_on_this_target + row.summary.not_selected
        picture = profile(self._mine.get(row.id, []), row.floor)
        return Line(row, self.keys[row.id], picture, words.was_asked(row), words.floor_missed(row), elsewhere)

    @property
    def held(self) -> int:
        """How many systems the run is held to the floor of."""
        return sum(row.held for row in self.run.systems)

    @property
    def missed(self) -> int:
        """How many systems did not reach their floor."""
        return sum(one.missed for one in self.systems)

    @cached_property
    def groups(self) -> list[Group]:
        """Controls by verdict, the worst first."""
        by_control: dict[str, list[MutantRun]] = {}
        for mutant in self.run.mutants:
            by_control.setdefault(mutant.control, []).append(mutant)
        found = []
        for verdict, (title, meaning) in GROUPS.items():
            mine = [one for one in self.run.controls if one.verdict == verdict]
            items = [Item(one, self.keys[one.system], by_control.get(one.id, [])) for one in mine]
            if items:
                found.append(Group(verdict, title, meaning, items))
        return found

    @property
    def levels(self) -> list[str]:
        """The levels that occur, the strictest first."""
        have = {one.level for one in self.run.controls}
        return [level for level in ("MUST", "SHOULD", "MAY") if level in have]

    @cached_property
    def proofs(self) -> list[Proof]:
        """Mutation, system by system."""
        system_of = self.system_of
        scores = self.run.generated_mutants
        every = [self._proof(name, system_of) for name in self.keys]
        return [one for one in every if one.declared or one.score] if scores or self.run.mutants else []

    def _proof(self, name: str, system_of: dict[str, str]) -> Proof:
        made = self.run.generated_mutants
        declared = [one for one in self.run.mutants if system_of.get(one.control) == name]
        left = [one for one in made.survivors if one.system == name] if made else []
        return Proof(name, declared, made.by_system.get(name) if made else None, left)

    @cached_property
    def system_of(self) -> dict[str, str]:
        """Control → system."""
        return {one.id: one.system for one in self.run.controls}

    @property
    def not_killed(self) -> list[MutantRun]:
        """Declared mutants that were not noticed, or not for their own reason."""
        return [one for one in self.run.mutants if one.outcome != "killed"]

    @property
    def blunt(self) -> list[MutantRun]:
        """Mutants that turn more than five controls red."""
        return [one for one in self.run.mutants if len(one.also_red) > BLUNT]

    @cached_property
    def grid(self) -> Grid | None:
        """The mutation matrix, where anything was recorded for it."""
        if not any(one.also_red for one in self.run.mutants):
            return None
        return grid(self.run.mutants, self.system_of, list(self.keys))

    @property
    def command(self) -> str:
        """What makes this run again."""
        run = self.run
        chosen = run.selection.arguments if run.selection.paths else ["suites", *run.selection.arguments]
        parts = [
            shlex.join(["pytest", *chosen]),
            f"--environment {run.selection.environment}",
            f"--target {run.target}",
            f"--tier {run.tier}",
        ]
        if run.mutants:
            parts.append("--prove")
        if run.generated_mutants:
            parts.append(f"--seed {run.generated_mutants.seed} --mutants {run.generated_mutants.made}")
        return " ".join(parts)


def web_link(text: str) -> str:
    """The address, if a browser may follow it; else nothing."""
    return text if text.startswith(("https://", "http://")) else ""


def file_link(evidence: Evidence) -> str:
    """The evidence file's relative address, if it lies beside the page; else nothing."""
    path = PurePosixPath(evidence.file)
    safe = not path.is_absolute() and ".." not in path.parts and ":" not in evidence.file
    return evidence.file if safe else ""


def prose(text: str) -> Markup:
    """Escaped text in which what stands in backquotes is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped on the same line


def more_than(rows: Sequence[object], shown: int) -> int:
    """How many rows lie beyond those shown."""
    return max(0, len(rows) - shown)
