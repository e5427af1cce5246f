"""The geometry of the page's pictures; the templates draw it as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from meshproof.report.model import ControlRun, Drill, MutantRun
from meshproof.report.words import VERDICTS
from meshproof.verdict import Assurance

#: One rung of the assurance ladder and one bar of a profile, in units of the drawing.
RUNG, BAR, GAP = 8, 11, 3
#: Widest profile; with more controls the bars become thinner.
WIDEST = 330
#: Circumference of the seal's ring (radius 52).
RING = 2 * math.pi * 52
_LADDER = len(Assurance) * RUNG
_STUB = 3
_CELL = 17
_LINE = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """One control in a profile; a control without assurance is a hollow stub."""

    control: str
    verdict: str
    text: str
    x: float
    y: float
    width: float
    height: float
    hollow: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A system's controls as bars: colour is the verdict, height the assurance, the line the floor."""

    bars: list[Bar]
    width: float
    height: int
    floor_y: int
    text: str


def rank(assurance: str | None) -> int:
    """1 for declared up to 5 for observed under fault, 0 for none."""
    return int(Assurance.from_label(assurance)) if assurance else 0


def profile(controls: Sequence[ControlRun], floor: str) -> Profile:
    """The profile of one system, the worst first, then the best known."""
    order = list(VERDICTS)
    rows = sorted(controls, key=lambda one: (order.index(one.verdict), -rank(one.assurance), one.id))
    step = min(BAR + GAP, WIDEST / max(1, len(rows)))
    bars = [_bar(one, number * step, step) for number, one in enumerate(rows)]
    counted = [f"{sum(one.verdict == key for one in rows)} {word}" for key, word in VERDICTS.items()]
    said = ", ".join(text for text in counted if not text.startswith("0 ")) or "no control"
    return Profile(
        bars=bars,
        width=max(step * len(rows), BAR + GAP),
        height=_LADDER + 1,
        floor_y=_LADDER - rank(floor) * RUNG,
        text=f"{said}; floor {floor}",
    )


def _bar(control: ControlRun, x: float, step: float) -> Bar:
    height = rank(control.assurance) * RUNG
    known = control.assurance or "no assurance"
    return Bar(
        control=control.id,
        verdict=control.verdict,
        text=f"{control.id}: {VERDICTS[control.verdict]}, {known}. {control.title}",
        x=round(x, 2),
        y=_LADDER - (height or _STUB),
        width=round(step * BAR / (BAR + GAP), 2),
        height=height or _STUB,
        hollow=not height,
    )


@dataclass(frozen=True, slots=True)
class Arc:
    """One verdict's part of the seal's ring."""

    verdict: str
    length: float
    offset: float


def ring(parts: Iterable[tuple[str, int]]) -> list[Arc]:
    """The ring of the seal: each verdict's share of all controls."""
    known = [(verdict, number) for verdict, number in parts if number]
    whole = sum(number for _, number in known) or 1
    arcs, at = [], 0.0
    for verdict, number in known:
        length = RING * number / whole
        arcs.append(Arc(verdict, round(max(length - 1.5, 1), 2), round(-at, 2)))
        at += length
    return arcs


@dataclass(frozen=True, slots=True)
class Square:
    """How many mutants of one system turned controls of another red; `depth` 1 to 5 is its shade."""

    row: int
    column: int
    number: int
    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The mutation matrix: rows are the systems that were broken, columns the systems that noticed."""

    names: list[str]
    squares: list[Square]
    cell: int = _CELL

    @property
    def side(self) -> int:
        """Length of the drawing's side without its labels."""
        return self.cell * len(self.names)


def grid(mutants: Sequence[MutantRun], system_of: dict[str, str], names: Sequence[str]) -> Grid:
    """Count, for each pair of systems, the mutants of one that controls of the other noticed."""
    found: dict[tuple[str, str], int] = {}
    for mutant in mutants:
        home = system_of.get(mutant.control, "")
        red = {system_of.get(one, "") for one in mutant.also_red}
        red |= {home} if mutant.outcome == "killed" else set()
        for other in red - {""}:
            found[home, other] = found.get((home, other), 0) + 1
    present = {name for pair in found for name in pair}
    shown = [name for name in names if name in present]
    most = max(found.values(), default=1)
    squares = [
        Square(shown.index(home), shown.index(other), number, 1 + (number * 4) // most, _noticed(home, other, number))
        for (home, other), number in sorted(found.items())
        if home in shown and other in shown
    ]
    return Grid(shown, squares)


def _noticed(home: str, other: str, number: int) -> str:
    return f"{number} mutant{'s' * (number != 1)} of {home} noticed by controls of {other}"


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment of a drill on its line, 0 to 1000."""

    name: str
    x: float
    at_s: float | None
    predicted_s: float | None
    predicted_x: float | None


def timeline(drill: Drill) -> list[Tick]:
    """The moments of a drill, measured and predicted, on one line."""
    at = {stage.name: stage.at_s for stage in drill.stages}
    names = [*at, *(name for name in drill.predicted if name not in at)]
    longest = max([*at.values(), *drill.predicted.values(), 1e-9])

    def place(seconds: float | None) -> float | None:
        return None if seconds is None else round(_LINE * seconds / longest, 1)

    return [
        Tick(
            name, place(at.get(name)) or 0.0, at.get(name), drill.predicted.get(name), place(drill.predicted.get(name))
        )
        for name in names
    ]
