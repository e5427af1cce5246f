"""From what the checks of each control found to its verdict, with the evidence that it rests on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import BaseModel, ConfigDict

from meshproof.declaration.model import canonical
from meshproof.exemption import Exemption, excusing
from meshproof.report import model
from meshproof.report.redaction import redacted_text
from meshproof.result import JUDGEMENTS
from meshproof.verdict import Assurance, AssuranceText, Verdict, worst

_VERDICTS = {
    "passed": Verdict.PASS,
    "failed": Verdict.FAIL,
    "unknown": Verdict.UNKNOWN,
    "not_applicable": Verdict.NOT_APPLICABLE,
}


class Known(BaseModel):
    """One control of the catalogue and whether it was selected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    level: str
    system: str
    pillar: str
    source: str
    remedy: str
    frameworks: dict[str, str]
    mutants: list[str]
    tier: str = "gate"
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One test's call phase: `result` is a CheckResult as a plain mapping."""

    nodeid: str
    seconds: float
    result: Mapping[str, object]


@dataclass(kw_only=True)
class Verdicts:
    """Every control of the catalogue, judged by all that was seen of it."""

    target: str
    tier: str
    known: Mapping[str, Known]
    seen: Sequence[Seen]
    exemptions: Sequence[Exemption]
    _files: dict[str, bytes] = field(default_factory=dict)

    @property
    def evidence(self) -> dict[str, bytes]:
        """The files of judgements, by name."""
        _ = self.controls
        return self._files

    @cached_property
    def controls(self) -> list[model.ControlRun]:
        """Every control of the catalogue with its verdict, in order of id."""
        by_control: dict[str, list[Seen]] = {}
        for seen in self.seen:
            if not seen.result.get("mutant"):
                by_control.setdefault(str(seen.result["control"]), []).append(seen)
        return [self._control(known, by_control.get(known.id, [])) for _, known in sorted(self.known.items())]

    def _control(self, known: Known, seen: list[Seen]) -> model.ControlRun:
        results = [one.result for one in seen]
        where = [model.Where.model_validate(row) for result in results for row in rows_in(result, "where")]
        verdict = self._verdict(known, results, where)
        reasons = [str(result["reason"]) for result in results if result["reason"]]
        if verdict == "unknown" and not reasons:
            reasons = ["the check did not run to its end"]
        if verdict == "not_selected" and known.tier != self.tier == "gate":
            reasons = [f"takes too long for every change: decided with --tier {known.tier}"]
        judged = [row for result in results for row in rows_in(result, "judged")]
        return model.ControlRun(
            **known.model_dump(exclude={"mutants", "tier", "state"}),
            verdict=verdict,  # type: ignore[arg-type]  # one of the model's words
            assurance=_weakest(results),
            fidelity=next((result["fidelity"] for result in results if result["fidelity"]), None),  # type: ignore[misc]
            target=self.target,
            checks=[_check(one) for one in seen],
            where=where,
            reason="; ".join(reasons)[:4000],
            evidence=self._evidence(known.id, judged) if judged else [],
            judged=len(judged),
        )

    def _verdict(self, known: Known, results: list[Mapping[str, object]], where: list[model.Where]) -> str:
        if known.state != "selected":
            return known.state
        found = [_VERDICTS.get(str(result["outcome"]), Verdict.UNKNOWN) for result in results]
        # What one environment lacks, another may hold: the control applies to the run.
        verdict = worst([one for one in found if one is not Verdict.NOT_APPLICABLE] or found)
        if verdict is Verdict.FAIL and excusing(self.exemptions, known.id, [one.address for one in where]):
            return Verdict.EXEMPT.value
        return verdict.value

    def _evidence(self, control: str, judged: list[Mapping[str, object]]) -> list[model.Evidence]:
        text = canonical({"schema": JUDGEMENTS, "control": control, "judged": judged})
        body = redacted_text(text).encode() + b"\n"
        digest = hashlib.sha256(body).hexdigest()
        name = f"evidence/{control}-{digest[:12]}.json"
        self._files[name] = body
        return [model.Evidence(sha256=digest, file=name, schema=JUDGEMENTS)]


def summary_of(controls: Sequence[model.ControlRun]) -> model.Summary:
    """Controls counted by verdict."""
    counts: dict[str, int] = {}
    for control in controls:
        counts[control.verdict] = counts.get(control.verdict, 0) + 1
    return model.Summary.model_validate(counts)


def rows_in(holder: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """The rows that a plain mapping holds there; none where it holds none."""
    rows = holder.get(key, [])
    return list(rows) if isinstance(rows, (list, tuple)) else []


def _weakest(results: list[Mapping[str, object]]) -> AssuranceText | None:
    known = [Assurance.from_label(str(result["assurance"])) for result in results if result["assurance"]]
    return min(known).label if known else None


def _check(seen: Seen) -> model.CheckRun:
    return model.CheckRun(nodeid=seen.nodeid, seconds=round(seen.seconds, 4), outcome=seen.result["outcome"])  # type: ignore[arg-type]
