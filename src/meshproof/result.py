"""What one run of one check found, in a form that travels between worker processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from meshproof.judgement import Findings, Judgement
from meshproof.measurement import Measured
from meshproof.verdict import Assurance, Fidelity

CheckOutcome = Literal["passed", "failed", "unknown", "not_applicable", "error"]

#: Schema of the evidence that `judge` leaves.
JUDGEMENTS = "https://meshproof.example/schemas/evidence/judgements/v1.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One check, run once as built or against one mutant; plain values only.

    `judged` are rows of the evidence, `where` the broken ones, `measured` its numbers, `excused` the findings that
    exemptions set aside. `assurance` is the weakest among what was judged.
    """

    control: str
    outcome: CheckOutcome
    reason: str = ""
    mutant: str = ""
    mutant_outcome: str = ""
    assurance: str = ""
    fidelity: str = ""
    where: Sequence[Mapping[str, object]] = ()
    judged: Sequence[Mapping[str, object]] = ()
    measured: Sequence[Mapping[str, object]] = ()
    excused: Sequence[str] = ()

    def to_plain(self) -> dict[str, object]:
        """A mapping that survives JSON and the way from a worker to the controller."""
        return asdict(self)

    def of_environment(self, name: str) -> CheckResult:
        """The same, saying which of several environments it is about."""
        return replace(
            self,
            reason=f"{name}: {self.reason}" if self.reason else "",
            where=[{**row, "says": f"{name}: {row['says']}"} for row in self.where],
            judged=[{"environment": name, **row} for row in self.judged],
            measured=[{**row, "name": f"{name}: {row['name']}"} for row in self.measured],
        )


def numbers_of(measured: Sequence[Measured]) -> list[dict[str, object]]:
    """One row for each number."""
    return [asdict(one) for one in measured]


def evidence_of(findings: Sequence[Findings]) -> list[dict[str, object]]:
    """One row for each thing judged."""
    return [_row(one) for each in findings for one in each.judged]


def _row(one: Judgement) -> dict[str, object]:
    return {
        "address": one.address,
        "file": one.place.file,
        "line": one.place.line,
        "assurance": one.assurance.label,
        "fidelity": one.fidelity.value,
        "complaints": list(one.complaints),
        "undecided": one.undecided,
    }


def places_of(findings: Sequence[Findings]) -> list[dict[str, object]]:
    """Where the promise is broken, one row for each complaint."""
    return [
        {"file": one.place.file, "line": one.place.line, "address": one.address, "says": says}
        for each in findings
        for one in each.broken
        for says in one.complaints
    ]


def weakest(findings: Sequence[Findings]) -> tuple[str, str]:
    """The weakest assurance among what was judged, and the fidelity that came with it; empty where nothing was."""
    judged = [one for each in findings for one in each.judged]
    if not judged:
        return "", ""
    assurance: Assurance = min(one.assurance for one in judged)
    fidelities = {one.fidelity for one in judged}
    order = list(Fidelity)
    return assurance.label, max(fidelities, key=order.index).value
