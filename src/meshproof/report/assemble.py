"""From what checks found to the model of a run: verdicts, floors, exit status."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from meshproof.declaration.model import canonical
from meshproof.exemption import Exemption, excusing
from meshproof.report import model
from meshproof.report.facts import RunFacts
from meshproof.report.redaction import redacted, redacted_text
from meshproof.report.shortfalls import below_floor, below_score
from meshproof.result import JUDGEMENTS
from meshproof.settings import Settings
from meshproof.systems import System
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
class Assembly:
    """Everything a run found, and what follows from it."""

    settings: Settings
    target: str
    expression: str
    started: datetime
    seconds: float
    facts: RunFacts
    known: Mapping[str, Known]
    seen: Sequence[Seen]
    broke: Sequence[str]
    generated: Sequence[Mapping[str, object]]
    systems: Sequence[System]
    exemptions: Sequence[Exemption]
    drills: Sequence[Mapping[str, object]]
    interrupted: bool
    _files: dict[str, bytes] = field(default_factory=dict)

    def evidence(self) -> dict[str, bytes]:
        """The files that stand beside run.json, by name."""
        _ = self.controls
        return {**self._files, **self.facts.files}

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
        where = [model.Where.model_validate(row) for result in results for row in _rows(result, "where")]
        verdict = self._verdict(known, results, where)
        reasons = [str(result["reason"]) for result in results if result["reason"]]
        if verdict == "unknown" and not reasons:
            reasons = ["the check did not run to its end"]
        if verdict == "not_selected" and known.tier != self.settings.tier == "gate":
            reasons = [f"takes too long for every change: decided with --tier {known.tier}"]
        judged = [row for result in results for row in _rows(result, "judged")]
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

    @cached_property
    def measurements(self) -> list[model.Measurement]:
        """Every number that a check of the declaration as it is measured, by control, in the order of measuring."""
        rows = [
            model.Measurement.model_validate({**row, "control": seen.result["control"]})
            for seen in self.seen
            if not seen.result.get("mutant")
            for row in _rows(seen.result, "measured")
        ]
        return sorted(rows, key=lambda one: one.control)

    @cached_property
    def mutants(self) -> list[model.MutantRun]:
        """The matrix of declared mutants."""
        also = {
            (str(row["control"]), str(row["name"])): row["red"]
            for part in self.generated
            for row in _rows(part, "also_red")
        }
        return [
            model.MutantRun(
                control=str(seen.result["control"]),
                name=str(seen.result["mutant"]),
                outcome=seen.result["mutant_outcome"],  # type: ignore[arg-type]  # written by the proof
                seconds=seen.seconds,
                said=str(seen.result["reason"]),
                also_red=also.get((str(seen.result["control"]), str(seen.result["mutant"])), []),  # type: ignore[arg-type]
            )
            for seen in self.seen
            if seen.result.get("mutant")
        ]

    @cached_property
    def generated_mutants(self) -> model.GeneratedMutants | None:
        """The mutation score, added up over the shards."""
        parts = [part["generated"] for part in self.generated if "generated" in part]
        if not parts:
            return None
        scores: dict[str, list[int]] = {}
        for part in parts:
            for system, (made, killed) in part["by_system"].items():  # type: ignore[index]
                total = scores.setdefault(system, [0, 0])
                total[0] += made
                total[1] += killed
        return model.GeneratedMutants(
            seed=self.settings.seed,
            made=sum(made for made, _ in scores.values()),
            killed=sum(killed for _, killed in scores.values()),
            by_system={name: model.Score(made=m, killed=k) for name, (m, k) in sorted(scores.items())},
            survivors=sorted(
                (model.Survivor.model_validate(row) for part in parts for row in part["survivors"]),  # type: ignore[index]
                key=lambda one: (one.system, one.address, one.path, one.operator),
            ),
        )

    @cached_property
    def layers(self) -> frozenset[str]:
        """The suites that this run has checks of: the names of their directories."""
        return frozenset(Path(one.nodeid.partition("::")[0]).parent.name for one in self.seen)

    @cached_property
    def system_rows(self) -> list[model.SystemRow]:
        """The table of systems."""
        rows = []
        for system in self.systems:
            mine = [one for one in self.controls if one.system == system.id]
            passed = [Assurance.from_label(one.assurance) for one in mine if one.verdict == "pass" and one.assurance]
            floor = system.floor_for(self.target, self.layers)
            rows.append(
                model.SystemRow(
                    id=system.id,
                    title=system.title,
                    floor=floor.label,
                    best=max(passed).label if passed else None,
                    floor_layer="" if floor.label == system.floor else f"{system.floor} on {system.shown_on}",
                    summary=summary_of(mine),
                )
            )
        return rows

    @cached_property
    def floors_missed(self) -> list[str]:
        """Systems whose best verdict is below their floor; judged only on a whole run of our own declaration."""
        whole = not self.expression and self.settings.is_own_infra and not self.interrupted
        left_out = (one for one in self.controls if one.verdict == "not_selected")
        if not whole or not self.seen or any(self.known[one.id].tier == "gate" for one in left_out):
            return []
        have = {one.system for one in self.controls}
        if len(have) < len(self.systems) // 2:  # a single file was asked for
            return []
        return below_floor(self.system_rows)

    @cached_property
    def score_missed(self) -> list[str]:
        """Where the mutation score is below what the settings demand."""
        if not self.settings.is_own_infra or self.expression:
            return []
        return below_score(self.generated_mutants, self.settings)

    @cached_property
    def usage_problems(self) -> list[str]:
        """Exemptions that excuse nothing although their control was selected."""
        state = {one.id: one.verdict for one in self.controls}
        used = {one.control for one in self.exemptions if state.get(one.control) == "exempt"}
        return [
            f"{one.file}:{one.line}: exemption of {one.control} matches nothing; remove it"
            for one in self.exemptions
            if one.control not in used | self.used_exemptions
            and (one.control in state or self.scanned)
            and state.get(one.control, "") not in ("not_selected", "not_on_this_target")
            and not self.interrupted
            and not self.floors_not_judged
        ]

    @property
    def scanned(self) -> bool:
        """Whether a scanner ran: only then can an exemption of one of its findings be idle."""
        return any(one.system == "scanning" and one.verdict == "pass" for one in self.controls)

    @cached_property
    def used_exemptions(self) -> set[str]:
        """Findings of scanners that exemptions set aside."""
        return {str(one) for seen in self.seen for one in _strings(seen.result.get("excused"))}

    @property
    def floors_not_judged(self) -> bool:
        """Whether only a part of the suites was asked for."""
        return bool(self.expression) or len({one.system for one in self.controls}) < len(self.systems) // 2

    def run(self) -> model.Run:
        """The model that everything is rendered from."""
        return redacted(self._run())

    def _run(self) -> model.Run:
        return model.Run(
            complete=not self.interrupted and not self.broke,
            tool=self.facts.tool,
            target=self.target,
            tier=self.settings.tier,
            selection=model.Selection(environment=self.settings.environment, expression=self.expression),
            infra_digest=self.facts.infra_digest,
            platform_version=self.facts.platform_version,
            started=self.started,
            seconds=round(self.seconds, 3),
            seeds={"generated_mutants": self.settings.seed},
            time_scale=self.settings.time_scale,
            programs=self.facts.programs,
            environment={
                "python": platform.python_version(),
                "system": platform.system(),
                "machine": platform.machine(),
            },
            summary=summary_of(self.controls),
            systems=self.system_rows,
            controls=self.controls,
            exemptions=[self._exemption(one) for one in self.exemptions],
            mutants=self.mutants,
            generated_mutants=self.generated_mutants,
            replanned_mutants=[
                model.ReplannedMutant.model_validate(row) for part in self.generated for row in _rows(part, "replanned")
            ],
            drills=[model.Drill.model_validate(row) for row in self.drills],
            measurements=self.measurements,
            notes=self.facts.notes,
        )

    def _exemption(self, one: Exemption) -> model.ExemptionRun:
        matched = one.control in self.used_exemptions or any(
            run.id == one.control and run.verdict == "exempt" for run in self.controls
        )
        return model.ExemptionRun(
            control=one.control, reason=one.reason, owner=one.owner, expires=one.expires.isoformat(), matched=matched
        )

    def exit_status(self, exitstatus: int) -> int:
        """0 pass, 1 a control failed, 3 the suite broke, 5 nothing ran, 6 a MUST could not be seen."""
        outcomes = {str(seen.result["outcome"]) for seen in self.seen}
        proofs = {one.outcome for one in self.mutants}
        if self.broke or "error" in outcomes or "crashed" in proofs:
            return 3
        verdicts = {one.verdict for one in self.controls}
        unseen = [one for one in self.controls if one.level == "MUST" and one.verdict == "unknown"]
        below = self.floors_missed and not unseen  # what was not seen reached no floor: that is one thing, not two
        if "fail" in verdicts or proofs - {"killed", "unseen"} or below or self.score_missed:
            return 1
        if exitstatus not in (0, 1):
            return exitstatus
        left_out = verdicts & {"not_selected", "not_on_this_target"}
        if unseen or (self.settings.strict_conformance and left_out):
            return 6
        return exitstatus


def summary_of(controls: Sequence[model.ControlRun]) -> model.Summary:
    """Controls counted by verdict."""
    counts: dict[str, int] = {}
    for control in controls:
        counts[control.verdict] = counts.get(control.verdict, 0) + 1
    return model.Summary.model_validate(counts)


def _rows(holder: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    rows = holder.get(key, [])
    return list(rows) if isinstance(rows, (list, tuple)) else []


def _strings(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _weakest(results: list[Mapping[str, object]]) -> AssuranceText | None:
    known = [Assurance.from_label(str(result["assurance"])) for result in results if result["assurance"]]
    return min(known).label if known else None


def _check(seen: Seen) -> model.CheckRun:
    return model.CheckRun(nodeid=seen.nodeid, seconds=round(seen.seconds, 4), outcome=seen.result["outcome"])  # type: ignore[arg-type]
