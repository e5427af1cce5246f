"""The words that every format of a report shares: verdicts in the order of attention, the headline, times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from meshproof.report.model import Run, Summary, SystemRow
from meshproof.verdict import Assurance

#: Verdict → its word, in the order in which a reader must hear of them.
VERDICTS: Mapping[str, str] = {
    "fail": "fail",
    "unknown": "unknown",
    "exempt": "exempt",
    "pass": "pass",
    "not_applicable": "not applicable",
    "not_on_this_target": "not on this target",
    "not_selected": "not selected",
}

_MINUTE_S, _HOUR_S = 60, 3600


def count_of(summary: Summary, verdict: str) -> int:
    """How many controls ended with this verdict."""
    return int(getattr(summary, "pass_" if verdict == "pass" else verdict))


def counts(summary: Summary) -> list[tuple[str, int]]:
    """Word and number of each verdict that occurs; pass, fail and unknown always."""
    every = [(key, count_of(summary, key)) for key in VERDICTS]
    return [(VERDICTS[key], number) for key, number in every if number or key in ("pass", "fail", "unknown")]


def headline(run: Run) -> str:
    """The one sentence that says how the run ended."""
    summary = run.summary
    if summary.fail:
        return f"{_promises(summary.fail)} broken"
    if not run.complete:
        return "The run did not reach its end"
    if summary.unknown:
        number = "1 promise" if summary.unknown == 1 else f"{summary.unknown} promises"
        return f"Nothing is broken, but {number} could not be seen"
    if summary.exempt and summary.pass_:
        return f"{_promises(summary.pass_)} kept; {summary.exempt} set aside"
    if summary.pass_:
        return f"{_promises(summary.pass_)} kept"
    return f"Nothing was kept; {_promises(summary.exempt)} set aside" if summary.exempt else "Nothing was judged"


def _promises(number: int) -> str:
    return "1 promise is" if number == 1 else f"{number} promises are"


def floor_missed(row: SystemRow) -> bool:
    """Whether the run is held to the floor, and the best assurance that it reached is weaker."""
    reached = Assurance.from_label(row.best) if row.best else None
    return row.held and (reached is None or reached < Assurance.from_label(row.floor))


def was_asked(row: SystemRow) -> bool:
    """Whether the run has a control of the system at all."""
    return any(row.summary.model_dump().values())


def moment(when: datetime) -> str:
    """A wall-clock time as a person reads it, in UTC."""
    return when.astimezone(UTC).strftime("%-d %B %Y, %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, _MINUTE_S)
    if whole < _HOUR_S:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def share(part: int, whole: int) -> str:
    """A share in per cent, never rounded up to 100."""
    if not whole:
        return "none"
    return f"{int(part / whole * 1000) / 10:.1f} %"


def number(value: float, unit: str) -> str:
    """A measured number, six digits of it at most, with its unit."""
    return f"{value:.6g} {unit}".rstrip()


def replanned(run: Run) -> str:
    """How many edits Terraform plans as the edit in memory says."""
    made = run.replanned_mutants
    same = sum(one.outcome == "same" for one in made)
    left = sum(one.outcome == "undecided" for one in made)
    modules = len({one.module for one in made})
    provider = f", {left} left to the provider" if left else ""
    return f"{same} of {len(made)} edits in {modules} modules plan the same as in memory{provider}"
