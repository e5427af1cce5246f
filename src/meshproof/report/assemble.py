"""From what checks found to the model of a run: verdicts, floors, exit status."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from meshproof.exemption import Exemption
from meshproof.report import model
from meshproof.report.facts import RunFacts
from meshproof.report.proofs import generated_mutants, mutant_runs, replanned_mutants
from meshproof.report.redaction import redacted
from meshproof.report.shortfalls import below_floor, below_score, binds
from meshproof.report.verdicts import Known, Seen, Verdicts, rows_in, summary_of
from meshproof.selection import Selection
from meshproof.settings import Settings
from meshproof.systems import System
from meshproof.verdict import Assurance


@dataclass(kw_only=True)
class Assembly:
    """Everything a run found, and what follows from it."""

    settings: Settings
    target: str
    selection: Selection
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

    @cached_property
    def verdicts(self) -> Verdicts:
        """Every control of the catalogue, judged."""
        return Verdicts(
            target=self.target, tier=self.settings.tier, known=self.known, seen=self.seen, exemptions=self.exemptions
        )

    @property
    def controls(self) -> list[model.ControlRun]:
        """Every control of the catalogue with its verdict, in order of id."""
        return self.verdicts.controls

    def evidence(self) -> dict[str, bytes]:
        """The files that stand beside run.json, by name."""
        return {**self.verdicts.evidence, **self.facts.files}

    @cached_property
    def measurements(self) -> list[model.Measurement]:
        """Every number that a check of the declaration as it is measured, by control, in the order of measuring."""
        rows = [
            model.Measurement.model_validate({**row, "control": seen.result["control"]})
            for seen in self.seen
            if not seen.result.get("mutant")
            for row in rows_in(seen.result, "measured")
        ]
        return sorted(rows, key=lambda one: one.control)

    @cached_property
    def mutants(self) -> list[model.MutantRun]:
        """The matrix of declared mutants."""
        return mutant_runs(self.seen, self.generated)

    @cached_property
    def generated_mutants(self) -> model.GeneratedMutants | None:
        """The mutation score."""
        return generated_mutants(self.generated, self.settings.seed)

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
                    held=self.is_held and binds(self.target, mine),
                    summary=summary_of(mine),
                )
            )
        return rows

    @property
    def is_held(self) -> bool:
        """Whether floors and score are judged: what they demand, only all of the suites can show, and of our own."""
        return self.selection.is_whole and self.settings.is_own_infra and not self.interrupted and bool(self.seen)

    @cached_property
    def floors_missed(self) -> list[str]:
        """Systems whose best verdict is below the floor that this run is held to."""
        return below_floor(self.system_rows)

    @cached_property
    def score_missed(self) -> list[str]:
        """Where the mutation score is below what the settings demand."""
        return below_score(self.generated_mutants, self.settings) if self.is_held else []

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
            and self.selection.is_whole
            and not self.interrupted
        ]

    @property
    def scanned(self) -> bool:
        """Whether a scanner ran: only then can an exemption of one of its findings be idle."""
        return any(one.system == "scanning" and one.verdict == "pass" for one in self.controls)

    @cached_property
    def used_exemptions(self) -> set[str]:
        """Findings of scanners that exemptions set aside."""
        return {str(one) for seen in self.seen for one in _strings(seen.result.get("excused"))}

    def run(self) -> model.Run:
        """The model that everything is rendered from."""
        return redacted(self._run())

    def _run(self) -> model.Run:
        return model.Run(
            complete=not self.interrupted and not self.broke,
            tool=self.facts.tool,
            target=self.target,
            tier=self.settings.tier,
            selection=self.selection,
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
            replanned_mutants=replanned_mutants(self.generated),
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


def _strings(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []
