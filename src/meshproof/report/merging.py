"""One run out of several that judged parts of the same: a matrix of jobs is one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from meshproof.errors import UsageError
from meshproof.report import model
from meshproof.report.shortfalls import below_floor, below_score, binds
from meshproof.report.verdicts import summary_of
from meshproof.selection import together
from meshproof.settings import Settings
from meshproof.verdict import Assurance

T = TypeVar("T")

#: The worst verdict of a control counts; one that was not decided gives way to any that was.
_BADNESS: Final = ("not_on_this_target", "not_selected", "pass", "not_applicable", "exempt", "unknown", "fail")
_OUTCOMES: Final = ("killed", "unseen", "misattributed", "survived", "crashed")


def merged(runs: Sequence[model.Run], names: Sequence[str]) -> model.Run:
    """The runs as one; `names` says what each is called in `shards`.

    Raises UsageError where they did not judge the same declaration with the same suites in the same way.
    """
    for what, of in _SAME.items():
        seen = {of(run) for run in runs}
        if len(seen) > 1:
            message = f"the runs differ in {what} ({', '.join(sorted(seen))}): only parts of one run can be merged"
            raise UsageError(message)
    first = min(runs, key=lambda one: one.started)
    controls = _controls(runs)
    return first.model_copy(
        update={
            "complete": all(one.complete for one in runs),
            "selection": together([one.selection for one in runs]),
            "seconds": round((_end(runs) - first.started).total_seconds(), 3),
            "programs": _first(runs, lambda run: run.programs, lambda one: (one.name, one.version, one.sha256)),
            "summary": summary_of(controls),
            "systems": _systems(runs, controls),
            "controls": controls,
            "exemptions": _exemptions(runs),
            "mutants": _mutants(runs),
            "generated_mutants": _generated(runs),
            "replanned_mutants": _first(runs, lambda run: run.replanned_mutants, lambda one: (one.address, one.path)),
            "drills": [one for run in runs for one in run.drills],
            "measurements": [one for run in runs for one in run.measurements],
            "notes": _first(runs, lambda run: run.notes, lambda one: (one.subject, one.says)),
            "shards": list(names),
        }
    )


_SAME: Final[dict[str, Callable[[model.Run], str]]] = {
    "declaration": lambda run: run.infra_digest,
    "platform version": lambda run: run.platform_version,
    "engine": lambda run: run.tool.version,
    "suites": lambda run: run.tool.suite_digest,
    "environment": lambda run: run.selection.environment,
    "target": lambda run: run.target,
    "tier": lambda run: run.tier,
    "time scale": lambda run: str(run.time_scale),
}


def held(run: model.Run, settings: Settings) -> model.Run:
    """The merged run, held to the floors where its parts together are all of the suites, as one whole run would be.

    It is held to none for another platform's version than the one at `settings`, for which its floors were not written.
    """
    version = settings.infra_dir / "VERSION"
    is_own = version.is_file() and version.read_text(encoding="utf-8").strip() == run.platform_version
    if not (is_own and run.selection.is_whole and run.complete):
        return run
    mine = {row.id: [one for one in run.controls if one.system == row.id] for row in run.systems}
    rows = [row.model_copy(update={"held": binds(run.target, mine[row.id])}) for row in run.systems]
    return run.model_copy(update={"systems": rows})


def shortfalls(run: model.Run, settings: Settings) -> list[str]:
    """Where a run that is held to the floors is below one, or below the mutation score."""
    if not any(row.held for row in run.systems):
        return []
    unseen = any(_is_unseen_must(one) for one in run.controls)  # it reached no floor: that is one thing, not two
    return [*([] if unseen else below_floor(run.systems)), *below_score(run.generated_mutants, settings)]


def exit_status(run: model.Run, short: Sequence[str] = ()) -> int:
    """As a run's own: 2 incomplete, 3 the suite broke, 1 a failure or shortfall, 5 nothing decided, 6 unseen."""
    verdicts = {one.verdict for one in run.controls}
    proofs = {one.outcome for one in run.mutants}
    if not run.complete:
        return 2
    if "crashed" in proofs or any(check.outcome == "error" for one in run.controls for check in one.checks):
        return 3
    if "fail" in verdicts or proofs - {"killed", "unseen"} or short:
        return 1
    if verdicts <= {"not_selected", "not_on_this_target"}:
        return 5
    return 6 if any(_is_unseen_must(one) for one in run.controls) else 0


def _is_unseen_must(control: model.ControlRun) -> bool:
    return control.level == "MUST" and control.verdict == "unknown"


def _end(runs: Sequence[model.Run]) -> datetime:
    return max(one.started + timedelta(seconds=one.seconds) for one in runs)


def _first(runs: Sequence[model.Run], of: Callable[[model.Run], Iterable[T]], key: Callable[[T], object]) -> list[T]:
    """Each thing once, as the first run that has it tells it."""
    found: dict[object, T] = {}
    for run in runs:
        for one in of(run):
            found.setdefault(key(one), one)
    return list(found.values())


def _controls(runs: Sequence[model.Run]) -> list[model.ControlRun]:
    found: dict[str, model.ControlRun] = {}
    for one in (each for run in runs for each in run.controls):
        other = found.setdefault(one.id, one)
        if _BADNESS.index(one.verdict) > _BADNESS.index(other.verdict):
            found[one.id] = one
    return [found[key] for key in sorted(found)]


def _systems(runs: Sequence[model.Run], controls: Sequence[model.ControlRun]) -> list[model.SystemRow]:
    """The highest floor of any part counts: each knows only the suites that it had."""
    rows: dict[str, model.SystemRow] = {}
    for row in (each for run in runs for each in run.systems):
        other = rows.setdefault(row.id, row)
        if Assurance.from_label(row.floor) > Assurance.from_label(other.floor):
            rows[row.id] = row
    return [_system(row, [one for one in controls if one.system == row.id]) for row in rows.values()]


def _system(row: model.SystemRow, mine: Sequence[model.ControlRun]) -> model.SystemRow:
    passed = [Assurance.from_label(one.assurance) for one in mine if one.verdict == "pass" and one.assurance]
    best = max(passed).label if passed else None
    return row.model_copy(update={"best": best, "held": False, "summary": summary_of(mine)})


def _exemptions(runs: Sequence[model.Run]) -> list[model.ExemptionRun]:
    found: dict[tuple[str, str], model.ExemptionRun] = {}
    for one in (each for run in runs for each in run.exemptions):
        other = found.setdefault((one.control, one.reason), one)
        if one.matched and not other.matched:
            found[one.control, one.reason] = one
    return list(found.values())


def _mutants(runs: Sequence[model.Run]) -> list[model.MutantRun]:
    found: dict[tuple[str, str], model.MutantRun] = {}
    for one in (each for run in runs for each in run.mutants):
        other = found.setdefault((one.control, one.name), one)
        if _OUTCOMES.index(one.outcome) > _OUTCOMES.index(other.outcome):
            found[one.control, one.name] = one
    return list(found.values())


def _generated(runs: Sequence[model.Run]) -> model.GeneratedMutants | None:
    """Each part drew the same mutants and held its own checks to them: only what all let through survived.

    Raises UsageError where they drew differently: then nobody knows what the other's checks would have said.
    """
    drawn = [one for run in runs if (one := run.generated_mutants) is not None]
    if not drawn:
        return None
    first, *others = drawn
    made = {name: score.made for name, score in first.by_system.items()}
    if any(one.seed != first.seed or {k: v.made for k, v in one.by_system.items()} != made for one in others):
        message = "the runs drew different generated mutants: give all of them the same --seed and --mutants"
        raise UsageError(message)
    survived = set.intersection(*({_site(one) for one in each.survivors} for each in drawn))
    left = [one for one in first.survivors if _site(one) in survived]
    scores = {
        name: model.Score(made=score.made, killed=score.made - sum(one.system == name for one in left))
        for name, score in first.by_system.items()
    }
    killed = sum(one.killed for one in scores.values())
    return first.model_copy(update={"killed": killed, "by_system": scores, "survivors": left})


def _site(one: model.Survivor) -> tuple[str, str, str, str]:
    return one.address, one.path, one.operator, one.became
