"""What broke on purpose: the matrix of declared mutants, and the score of the generated ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meshproof.report import model
from meshproof.report.verdicts import Seen, rows_in


def mutant_runs(seen: Sequence[Seen], generated: Sequence[Mapping[str, object]]) -> list[model.MutantRun]:
    """The matrix of declared mutants; `generated` says which other controls each turned red."""
    also = {
        (str(row["control"]), str(row["name"])): row["red"] for part in generated for row in rows_in(part, "also_red")
    }
    return [
        model.MutantRun(
            control=str(one.result["control"]),
            name=str(one.result["mutant"]),
            outcome=one.result["mutant_outcome"],  # type: ignore[arg-type]  # written by the proof
            seconds=one.seconds,
            said=str(one.result["reason"]),
            also_red=also.get((str(one.result["control"]), str(one.result["mutant"])), []),  # type: ignore[arg-type]
        )
        for one in seen
        if one.result.get("mutant")
    ]


def generated_mutants(generated: Sequence[Mapping[str, object]], seed: int) -> model.GeneratedMutants | None:
    """The mutation score, added up over the shards."""
    parts = [part["generated"] for part in generated if "generated" in part]
    if not parts:
        return None
    scores: dict[str, list[int]] = {}
    for part in parts:
        for system, (made, killed) in part["by_system"].items():  # type: ignore[index]
            total = scores.setdefault(system, [0, 0])
            total[0] += made
            total[1] += killed
    return model.GeneratedMutants(
        seed=seed,
        made=sum(made for made, _ in scores.values()),
        killed=sum(killed for _, killed in scores.values()),
        by_system={name: model.Score(made=m, killed=k) for name, (m, k) in sorted(scores.items())},
        survivors=sorted(
            (model.Survivor.model_validate(row) for part in parts for row in part["survivors"]),  # type: ignore[index]
            key=lambda one: (one.system, one.address, one.path, one.operator),
        ),
    )


def replanned_mutants(generated: Sequence[Mapping[str, object]]) -> list[model.ReplannedMutant]:
    """The edits that were made in HCL as well."""
    return [model.ReplannedMutant.model_validate(row) for part in generated for row in rows_in(part, "replanned")]
