"""The in-toto statement: which files it speaks for, and when it says PASSED."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from meshproof.report import intoto, model
from tests.report.sample import sample_run, summary_of

_FILES = {"report.html": b"<html>", "run.json": b"{}", "evidence/A-001-1.json": b"[]"}


def test_speaks_for_the_run_and_its_evidence() -> None:
    """The subjects are run.json and the evidence, by the digests of their bytes; renderings are not."""
    statement = json.loads(intoto.render(sample_run(), _FILES))

    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert {one["name"]: one["digest"]["sha256"] for one in statement["subject"]} == {
        name: hashlib.sha256(_FILES[name]).hexdigest() for name in ("run.json", "evidence/A-001-1.json")
    }


def test_names_its_configuration() -> None:
    """Declaration, suite, catalogue and programs stand there by digest; what has none is not named."""
    run = sample_run()

    names = {one["name"]: one["digest"]["sha256"] for one in _predicate(run)["configuration"]}

    assert names["infra"] == run.infra_digest
    assert {"suite", "catalogue", "program/terraform", "program/opa"} <= names.keys()
    assert "program/helm" not in names


@pytest.mark.parametrize(
    ("verdicts", "update", "result"),
    [
        (["pass", "pass"], {}, "PASSED"),
        (["pass", "not_applicable"], {}, "PASSED"),
        (["pass", "unknown"], {}, "WARNED"),
        (["pass", "exempt"], {}, "WARNED"),
        (["pass", "fail"], {}, "FAILED"),
        (["not_applicable", "not_on_this_target"], {}, "WARNED"),
        (["pass", "pass"], {"complete": False}, "WARNED"),
        (["pass", "pass"], {"survived": True}, "FAILED"),
    ],
)
def test_result(verdicts: list[str], update: dict[str, object], result: str) -> None:
    """PASSED only where everything that was asked was seen to hold, by checks that can fail."""
    run = sample_run(controls=2, mutants=1)
    rows = [one.model_copy(update={"verdict": verdict}) for one, verdict in zip(run.controls, verdicts, strict=True)]
    outcome = "survived" if update.get("survived") else "killed"
    mutants = [one.model_copy(update={"outcome": outcome}) for one in run.mutants]
    run = run.model_copy(
        update={
            "controls": rows,
            "summary": summary_of(rows),
            "mutants": mutants,
            "complete": update.get("complete", True),
        }
    )

    assert _predicate(run)["result"] == result


def test_lists_tests_by_outcome() -> None:
    """Each control is in the list of its verdict, and in one only."""
    run = sample_run()
    predicate = _predicate(run)

    assert set(predicate["failedTests"]) == {one.id for one in run.controls if one.verdict == "fail"}
    assert set(predicate["warnedTests"]) == {one.id for one in run.controls if one.verdict in ("unknown", "exempt")}
    assert set(predicate["passedTests"]) == {one.id for one in run.controls if one.verdict == "pass"}


def _predicate(run: model.Run) -> dict[str, Any]:
    predicate: dict[str, Any] = json.loads(intoto.render(run, _FILES))["predicate"]
    return predicate
