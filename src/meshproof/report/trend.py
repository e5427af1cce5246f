"""Run after run of the same kind: what each found, what changed between them, and which verdicts do not hold still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import AwareDatetime, Field

from meshproof.errors import UsageError
from meshproof.report.model import Measurement, Part, Run, Score, Sha256, Summary, VerdictText

SCHEMA: Final = "https://meshproof.example/schemas/trend/v1.json"
#: What says nothing about the platform: a change from or to it is a change of what was asked.
_NOT_ASKED: Final = frozenset({"not_selected", "not_on_this_target"})


class Kind(Part):
    """Runs of one kind can be compared: the same environment on the same target in the same tier, asked the same."""

    environment: str
    target: str
    tier: str
    time_scale: float
    part: str = Field(default="", description="the part of the suites, as `Selection.part` says it; empty: all of them")

    def __str__(self) -> str:
        """As a person says it."""
        said = f"{self.environment} on {self.target}, {self.tier} tier, time scale {self.time_scale:g}"
        return f"{said}, {self.part}" if self.part else said


class Entry(Part):
    """One run in short; `digest` is the SHA-256 of its run.json."""

    started: AwareDatetime
    digest: Sha256
    commit: str
    suite_digest: Sha256
    infra_digest: Sha256
    platform_version: str
    complete: bool
    seconds: float
    summary: Summary
    mutants: Score
    generated: Score
    verdicts: dict[str, VerdictText]
    measurements: list[Measurement]


class Trend(Part):
    """The file `history.json`: runs of one kind, the oldest first."""

    trend_schema: Literal["https://meshproof.example/schemas/trend/v1.json"] = Field(default=SCHEMA, alias="schema")
    kind: Kind
    runs: list[Entry] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A verdict that is another than the run before had; `was` is None for a control that was not there."""

    control: str
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsteady:
    """A control that ended differently although neither the suites nor the declaration had changed."""

    control: str
    verdicts: Sequence[str]
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One number through all runs; None where a run did not measure it."""

    control: str
    name: str
    unit: str
    values: Sequence[float | None]
    objective: float | None


def kind_of(run: Run) -> Kind:
    """Which runs this one can be compared with.

    Raises UsageError for one of which that is not known: what was left out would look like a change.
    """
    selection = run.selection
    if not selection.is_whole and not (selection.left_out and selection.arguments):
        message = (
            f"the run of {run.started:%Y-%m-%d %H:%M}: {selection.part}, and its options do not say which, so it fits "
            "no history; add runs of all of the suites, or of what paths, -k, -m and --deselect name"
        )
        raise UsageError(message)
    return Kind(
        environment=selection.environment,
        target=run.target,
        tier=run.tier,
        time_scale=run.time_scale,
        part=selection.part,
    )


def entry_of(run: Run, digest: str) -> Entry:
    """A run in short."""
    drawn = run.generated_mutants
    return Entry(
        started=run.started,
        digest=digest,
        commit=run.tool.commit,
        suite_digest=run.tool.suite_digest,
        infra_digest=run.infra_digest,
        platform_version=run.platform_version,
        complete=run.complete,
        seconds=run.seconds,
        summary=run.summary,
        mutants=Score(made=len(run.mutants), killed=sum(one.outcome == "killed" for one in run.mutants)),
        generated=Score(made=drawn.made if drawn else 0, killed=drawn.killed if drawn else 0),
        verdicts={one.id: one.verdict for one in run.controls},
        measurements=run.measurements,
    )


def added(trend: Trend | None, run: Run, digest: str) -> Trend:
    """The history with one run more; a run that it holds already changes nothing.

    Raises UsageError for a run of another kind.
    """
    kind, entry = kind_of(run), entry_of(run, digest)
    if trend is None:
        return Trend(kind=kind, runs=[entry])
    if trend.kind != kind:
        message = f"the history holds runs of {trend.kind}; this one is of {kind}: keep it --into another directory"
        raise UsageError(message)
    others = [one for one in trend.runs if one.digest != digest]
    return trend.model_copy(update={"runs": sorted([*others, entry], key=lambda one: one.started)})


def changes(before: Entry, after: Entry) -> list[Change]:
    """The verdicts that differ between two runs, by control."""
    every = sorted(before.verdicts.keys() | after.verdicts.keys())
    pairs = ((key, before.verdicts.get(key), after.verdicts.get(key)) for key in every)
    return [Change(control=key, was=was, now=now) for key, was, now in pairs if was != now]


def unsteady(runs: Iterable[Entry]) -> list[Unsteady]:
    """The controls whose verdict changed while nothing that decides it had: the machine, or chance, decides them."""
    seen: dict[tuple[str, str, str], list[str]] = {}
    for run in runs:
        for control, verdict in run.verdicts.items():
            if verdict not in _NOT_ASKED:
                seen.setdefault((control, run.suite_digest, run.infra_digest), []).append(verdict)
    found: dict[str, Unsteady] = {}
    for (control, _, _), verdicts in seen.items():
        if len(set(verdicts)) > 1:
            found[control] = Unsteady(control=control, verdicts=sorted(set(verdicts)), runs=len(verdicts))
    return [found[key] for key in sorted(found)]


def series(runs: Sequence[Entry]) -> Iterator[Series]:
    """Every number through all runs, by control and name; the largest where a run measured it several times."""
    by_run = [_largest(one.measurements) for one in runs]
    for key in sorted({key for found in by_run for key in found}):
        mine = [found.get(key) for found in by_run]
        stated = [one.objective for one in mine if one is not None and one.objective is not None]
        yield Series(
            control=key[0],
            name=key[1],
            unit=key[2],
            values=[None if one is None else one.value for one in mine],
            objective=stated[-1] if stated else None,
        )


def _largest(measured: Iterable[Measurement]) -> dict[tuple[str, str, str], Measurement]:
    found: dict[tuple[str, str, str], Measurement] = {}
    for one in measured:
        other = found.setdefault((one.control, one.name, one.unit), one)
        if one.value > other.value:
            found[one.control, one.name, one.unit] = one
    return found
