"""The page of a trend: one column for each run, one line for each number, what changed last and what is unsteady."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meshproof.report import words
from meshproof.report.templating import asset, extend, tag, templates
from meshproof.report.trend import Change, Entry, Series, Trend, Unsteady, changes, series, unsteady

#: Size of a line's drawing, and of the column drawing.
WIDTH, HEIGHT, COLUMNS_HEIGHT = 240, 34, 90
#: Runs that the table lists; the pictures show all.
LISTED = 40
_ROOM = 3
#: What a column is made of, from the bottom: what a reader has to hear of.
_STACK = ("fail", "unknown", "exempt")


@dataclass(frozen=True, slots=True)
class Block:
    """One verdict's part of a run's column."""

    verdict: str
    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A number through all runs: `points` are unbroken stretches, as SVG writes them."""

    series: Series
    points: list[str]
    last: tuple[float, float] | None
    objective_y: float | None
    latest: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table, with what changed since the one before."""

    entry: Entry
    changed: list[Change]


def render(trend: Trend) -> bytes:
    """The page as UTF-8."""
    extend({"WORDS": words.VERDICTS}, {"moment": words.moment, "duration": words.duration})
    extend({"share": words.share}, {"amount": words.number, "worded": words.VERDICTS.__getitem__})
    template = templates().get_template("trend.html")
    return template.render(page=Page(trend), trend=trend, style=tag(asset("page.css") + asset("trend.css"))).encode()


class Page:
    """The page's content."""

    def __init__(self, trend: Trend) -> None:
        """Take the history."""
        self.trend = trend
        self.runs = trend.runs
        self.unsteady: list[Unsteady] = unsteady(trend.runs)

    @property
    def latest(self) -> Entry:
        """The newest run."""
        return self.runs[-1]

    @property
    def headline(self) -> str:
        """The one sentence."""
        found, where = self.latest.summary, f"in the newest of {len(self.runs)} runs"
        if found.fail:
            return f"{found.fail} broken {where}"
        if not self.latest.complete:
            return f"The newest of {len(self.runs)} runs did not come to its end"
        if not found.pass_:
            return f"Nothing was seen to hold {where}"
        if self.unsteady:
            return f"{len(self.unsteady)} verdicts do not hold still"
        return f"Nothing is broken {where}" + (f", {found.unknown} could not be seen" if found.unknown else "")

    @property
    def mood(self) -> str:
        """The verdict whose colour the headline wears."""
        if self.latest.summary.fail:
            return "fail"
        found = self.latest.summary
        return "unknown" if self.unsteady or found.unknown or not (found.pass_ and self.latest.complete) else "pass"

    @property
    def rows(self) -> list[Row]:
        """The newest runs, the newest first."""
        before: list[Entry | None] = [None, *self.runs[:-1]]
        pairs = zip(before, self.runs, strict=True)
        found = [Row(now, [] if was is None else changes(was, now)) for was, now in pairs]
        return found[::-1][:LISTED]

    @property
    def blocks(self) -> list[Block]:
        """What was broken, unseen or set aside, run by run."""
        most = max(sum(_count(one, key) for key in _STACK) for one in self.runs) or 1
        step = WIDTH * 4 / max(len(self.runs), 1)
        return [block for at, one in enumerate(self.runs) for block in _column(one, at * step, step, most)]

    @property
    def lines(self) -> list[Line]:
        """Every number that was measured."""
        return [_line(one) for one in series(self.runs)]


def _count(entry: Entry, verdict: str) -> int:
    return words.count_of(entry.summary, verdict)


def _column(entry: Entry, x: float, step: float, most: int) -> Iterator[Block]:
    y = float(COLUMNS_HEIGHT)
    for verdict in _STACK:
        number = _count(entry, verdict)
        height = COLUMNS_HEIGHT * number / most
        y -= height
        if number:
            text = f"{words.moment(entry.started)}: {number} {words.VERDICTS[verdict]}"
            yield Block(verdict, round(x, 2), round(y, 2), round(max(step - 2, 1), 2), round(height, 2), text)


def _line(one: Series) -> Line:
    known = [value for value in one.values if value is not None]
    low, high = min(0.0, *known), max([*known, one.objective or 0.0]) or 1.0

    def place(at: int, value: float) -> tuple[float, float]:
        across = at / max(len(one.values) - 1, 1)
        up = (value - low) / ((high - low) or 1.0)
        return round(_ROOM + across * (WIDTH - 2 * _ROOM), 1), round(HEIGHT - _ROOM - up * (HEIGHT - 2 * _ROOM), 1)

    spots = [None if value is None else place(at, value) for at, value in enumerate(one.values)]
    return Line(
        series=one,
        points=[" ".join(f"{x},{y}" for x, y in stretch) for stretch in _stretches(spots)],
        last=next((spot for spot in reversed(spots) if spot is not None), None),
        objective_y=None if one.objective is None else place(0, one.objective)[1],
        latest=one.values[-1],
        text=f"{one.name}: {len(known)} of {len(one.values)} runs, {min(known):.6g} to {max(known):.6g} {one.unit}",
    )


def _stretches(spots: Sequence[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Where a run measured nothing, the line is broken: nobody knows what it would have been."""
    stretch: list[tuple[float, float]] = []
    for spot in [*spots, None]:
        if spot is not None:
            stretch.append(spot)
        elif stretch:
            yield stretch
            stretch = []
