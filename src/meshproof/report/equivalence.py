"""The same controls on several targets, side by side: where two that could see it disagree is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from meshproof.errors import UsageError
from meshproof.report.model import ControlRun, NoteRun, Run, Where
from meshproof.systems import TARGETS

#: What stands where no run of a target was given: it agrees with nobody.
NOT_RUN: Final = "not_run"
_DECIDED: Final = ("pass", "fail")
#: How a note names fields: dotted paths before the first colon.
_FIELD: Final = r"[\w-]+\.[^\s,:]+"
_FIELDS: Final = re.compile(rf"({_FIELD}(?:, {_FIELD})*): ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One target: its run and that run's digest, or None where it was not run."""

    target: str
    digest: str = ""
    run: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How a control ended on one target; `control` is None where that was not run, or does not know it."""

    column: Column
    control: ControlRun | None

    @property
    def verdict(self) -> str:
        """The verdict's key."""
        return self.control.verdict if self.control is not None else NOT_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One target saw the control kept, another saw it broken; `explained` is empty where nothing says why."""

    control: str
    kept: Cell
    broken: Cell
    explained: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One control on every target."""

    id: str
    title: str
    level: str
    cells: tuple[Cell, ...]
    disagreements: tuple[Disagreement, ...]

    @property
    def decided(self) -> tuple[Cell, ...]:
        """The cells that saw it kept or broken."""
        return tuple(one for one in self.cells if one.verdict in _DECIDED)

    @property
    def targets(self) -> frozenset[str]:
        """The targets of these; a second run of one is no second opinion."""
        return frozenset(one.column.target for one in self.decided)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Every control of every run."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """Those that nothing explains come first."""
        found = [one for row in self.rows for one in row.disagreements]
        return tuple(sorted(found, key=lambda one: bool(one.explained)))

    @property
    def unexplained(self) -> tuple[Disagreement, ...]:
        """What somebody must look into."""
        return tuple(one for one in self.disagreements if not one.explained)

    @property
    def agreeing(self) -> int:
        """How many controls were decided on two targets or more, and alike."""
        return sum(len(row.targets) > 1 and not row.disagreements for row in self.rows)

    @property
    def seen_once(self) -> int:
        """How many controls only one target decided: nobody can agree with it."""
        return sum(len(row.targets) == 1 for row in self.rows)


def equivalence(runs: Sequence[tuple[str, Run]], reasons: Mapping[str, str]) -> Equivalence:
    """The table of these runs by digest; `reasons` explain a disagreement by its control's id.

    Raises UsageError for runs that did not judge the same, or of which no two decided one control, and for a reason
    that explains nothing.
    """
    _require_same([run for _, run in runs])
    columns = tuple(_columns(runs))
    ids = sorted({one.id for _, run in runs for one in run.controls})
    found = Equivalence(columns=columns, rows=tuple(_row(one, columns, reasons) for one in ids))
    if not any(len(row.targets) > 1 for row in found.rows):
        message = "no control was decided on two targets, so nothing can agree; make the runs with the same suites"
        raise UsageError(message)
    idle = reasons.keys() - {one.control for one in found.disagreements}
    if idle:
        message = f"{', '.join(sorted(idle))}: is explained, but these runs do not disagree about it; take it out"
        raise UsageError(message)
    return found


def _require_same(runs: Sequence[Run]) -> None:
    targets = {run.target for run in runs}
    if len(targets) < 2:  # noqa: PLR2004 - one target agrees with itself
        message = f"{', '.join(targets) or 'nothing'} alone agrees with itself: name the runs of two targets or more"
        raise UsageError(message)
    for what in ("infra_digest", "selection.environment", "tool.suite_digest"):
        values = [_value(run, what) for run in runs]
        if len(set(values)) > 1:
            shown = ", ".join(f"{run.target} {value[:16]}" for run, value in zip(runs, values, strict=True))
            message = f"the runs did not judge the same: {what} differs ({shown}); make them again from one commit"
            raise UsageError(message)


def _value(run: Run, what: str) -> str:
    found: object = run
    for part in what.split("."):
        found = getattr(found, part)
    return str(found)


def _columns(runs: Sequence[tuple[str, Run]]) -> Iterator[Column]:
    for target in TARGETS:
        own = [(digest, run) for digest, run in runs if run.target == target]
        yield from (Column(target=target, digest=digest, run=run) for digest, run in own)
        if not own:
            yield Column(target=target)


def _row(control: str, columns: Sequence[Column], reasons: Mapping[str, str]) -> Row:
    cells = tuple(Cell(column=column, control=_control(column, control)) for column in columns)
    known = next(one.control for one in cells if one.control is not None)
    kept, broken = ([one for one in cells if one.verdict == word] for word in _DECIDED)
    return Row(
        id=control,
        title=known.title,
        level=known.level,
        cells=cells,
        disagreements=tuple(
            Disagreement(control=control, kept=one, broken=other, explained=reasons.get(control) or _told(one, other))
            for one, other in product(kept, broken)
        ),
    )


def _control(column: Column, control: str) -> ControlRun | None:
    if column.run is None:
        return None
    return next((one for one in column.run.controls if one.id == control), None)


def _told(kept: Cell, broken: Cell) -> str:
    """Why, in the notes of the target that saw it kept: empty unless they name every place that is broken.

    A note that names fields of an object explains only what is broken in these.
    """
    if kept.column.run is None or broken.control is None or not broken.control.where:
        return ""
    prefix = f"{kept.column.target}: "
    notes = [one for one in kept.column.run.notes if one.says.startswith(prefix)]
    said: dict[str, None] = {}
    for place in broken.control.where:
        own = [one.says for one in notes if _is_about(one, place, prefix)]
        if not own:
            return ""
        said |= dict.fromkeys(own)
    return f"what is broken is translated where it was seen kept: {'; '.join(said)}"


def _is_about(note: NoteRun, place: Where, prefix: str) -> bool:
    if place.address != note.subject and not place.address.endswith(f"/{note.subject}"):
        return False
    named = _FIELDS.match(note.says.removeprefix(prefix))
    return named is None or any(place.says.startswith((f"{one}: ", f"{one}.")) for one in named[1].split(", "))
