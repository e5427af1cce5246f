"""From what a check raised to its verdict, and from what a mutant provoked to its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest

from meshproof.control import Control
from meshproof.errors import CannotSee, NotApplicable
from meshproof.exemption import Exemption
from meshproof.judgement import Findings
from meshproof.measurement import Measured
from meshproof.mutant import Mutant
from meshproof.mutation.proof import Outcome, Proof, prove
from meshproof.result import CheckOutcome, CheckResult, evidence_of, numbers_of, places_of, weakest

_WORDS: tuple[tuple[type[Exception], CheckOutcome], ...] = (
    (NotApplicable, "not_applicable"),
    (CannotSee, "unknown"),
    (AssertionError, "failed"),
)
_PROVED: dict[Outcome, CheckOutcome] = {Outcome.KILLED: "passed", Outcome.UNSEEN: "unknown"}
_LONGEST_REASON = 4000


def result_of(
    control: Control,
    error: Exception | None,
    findings: Sequence[Findings] = (),
    measured: Sequence[Measured] = (),
) -> CheckResult:
    """How one run of a check ended; nothing observed is never a pass."""
    judged = evidence_of(findings)
    if error is None and not judged:
        error = CannotSee("the check judged nothing: nothing observed is never a pass")
    outcome = "passed" if error is None else next((word for kind, word in _WORDS if isinstance(error, kind)), "error")
    assurance, fidelity = weakest(findings)
    return CheckResult(
        control=control.id,
        outcome=outcome,  # type: ignore[arg-type]  # one of the words above
        reason=("" if error is None else str(error).split("\nassert ")[0])[:_LONGEST_REASON],
        assurance=assurance,
        fidelity=fidelity,
        judged=judged,
        measured=numbers_of(measured),
        where=places_of(findings),
    )


def mutant_of(control: Control, mutant: Mutant, error: Exception | None) -> tuple[CheckResult, Proof]:
    """How a mutant ended that made the check raise `error`, or nothing."""

    def again() -> None:
        if error is not None:
            raise error

    proof = prove(again, mutant.says)
    result = CheckResult(
        control=control.id,
        outcome=_PROVED.get(proof.outcome, "failed"),
        mutant=mutant.name,
        mutant_outcome=proof.outcome.value,
        reason=proof.said,
    )
    return result, proof


def end(error: Exception | None, excuse: Exemption | None = None) -> None:
    """Tell pytest how a check ended: unseen is a skip with its reason, broken but set aside an expected failure."""
    if isinstance(error, (NotApplicable, CannotSee)):
        skip(error)
    if isinstance(error, AssertionError) and excuse is not None:
        pytest.xfail(f"exempt until {excuse.expires} ({excuse.owner}): {excuse.reason}")
    if error is not None:
        raise error


def skip(error: Exception) -> NoReturn:
    """A skip that says which of the two it is."""
    word = "not applicable" if isinstance(error, NotApplicable) else "unknown"
    pytest.skip(f"{word}: {error}")


def end_mutant(mutant: Mutant, proof: Proof) -> None:
    """Tell pytest how a mutant ended: only killed is good."""
    if proof.outcome is Outcome.UNSEEN:
        pytest.skip(f"unknown: {proof.said}")
    if proof.outcome is not Outcome.KILLED:
        pytest.fail(f"mutant {mutant.name} {proof.outcome.value}: {proof.said}", pytrace=False)
