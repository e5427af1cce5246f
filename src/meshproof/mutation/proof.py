"""Proof that a check can fail: each mutant must be killed by the check's own assertion, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from meshproof.errors import CannotSee, NotApplicable, TargetError


class Outcome(StrEnum):
    """How a mutant ended; only `killed` is good, `unseen` is neither: this machine cannot look at all."""

    KILLED = "killed"
    SURVIVED = "survived"
    CRASHED = "crashed"
    MISATTRIBUTED = "misattributed"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One mutant's outcome and the words it ended with."""

    outcome: Outcome
    said: str


def prove(check: Callable[[], object], says: str) -> Proof:
    """Run `check` against a mutated world and classify how it ended."""
    try:
        check()
    except AssertionError as error:
        said = str(error).strip() or "(the assertion says nothing)"
        attributed = bool(says) and says in said
        return Proof(outcome=Outcome.KILLED if attributed else Outcome.MISATTRIBUTED, said=said[:2000])
    except TargetError as error:
        return Proof(outcome=Outcome.UNSEEN, said=str(error)[:2000])
    except (CannotSee, NotApplicable) as error:
        return Proof(outcome=Outcome.SURVIVED, said=f"ended without a verdict: {error}"[:2000])
    except Exception as error:  # noqa: BLE001 - any other exception is a defect of the check, and is reported as one
        return Proof(outcome=Outcome.CRASHED, said=f"{type(error).__name__}: {error}"[:2000])
    return Proof(outcome=Outcome.SURVIVED, said="the check passed although the promise is broken")
