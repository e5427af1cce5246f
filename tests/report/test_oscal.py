"""OSCAL assessment-results: read back by compliance-trestle, and what they say of each verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from meshproof.process import run as run_program
from meshproof.report import model, oscal
from tests.report.sample import sample_run


def test_is_read_back(tmp_path: Path) -> None:
    """The models of compliance-trestle load the file, and every reviewed control is there with its evidence."""
    from trestle.oscal.assessment_results import AssessmentResults  # noqa: PLC0415 - heavy

    run = sample_run()
    path = tmp_path / "assessment-results.json"
    path.write_bytes(oscal.render(run))

    document = AssessmentResults.oscal_read(path)

    assert isinstance(document, AssessmentResults)
    result = document.results[0]
    reviewed = [one for one in run.controls if not one.verdict.startswith("not_on")]
    assert [one.target.target_id for one in result.findings or []] == [one.id for one in reviewed]
    hrefs = [proof.href for one in result.observations or [] for proof in one.relevant_evidence or []]
    assert hrefs == [one.file for control in reviewed for one in control.evidence]


@pytest.mark.parametrize(
    ("verdict", "state", "reason"),
    [
        ("pass", "satisfied", "pass"),
        ("fail", "not-satisfied", "fail"),
        ("unknown", "not-satisfied", "other"),
        ("exempt", "not-satisfied", "other"),
        ("not_applicable", "not-satisfied", "other"),
    ],
)
def test_only_a_pass_is_satisfied(verdict: str, state: str, reason: str) -> None:
    """The status of each verdict, and its word beside it."""
    finding = _document(_with(verdict=verdict))["results"][0]["findings"][0]

    assert (finding["target"]["status"]["state"], finding["target"]["status"]["reason"]) == (state, reason)
    assert {"verdict": verdict.replace("_", " ")}.items() <= _props(finding).items()
    assert ("implementation-status" in finding["target"]) is (verdict == "not_applicable")


@pytest.mark.parametrize("verdict", ["not_selected", "not_on_this_target"])
def test_what_was_not_looked_at_is_excluded(verdict: str) -> None:
    """A control that was left out has no finding and is excluded by name."""
    run = sample_run(controls=2, mutants=0)
    rows = [
        run.controls[0].model_copy(update={"verdict": "pass"}),
        run.controls[1].model_copy(update={"verdict": verdict}),
    ]

    result = _document(run.model_copy(update={"controls": rows}))["results"][0]

    selection = result["reviewed-controls"]["control-selections"][0]
    assert selection["exclude-controls"] == [{"control-id": rows[1].id}]
    assert [one["target"]["target-id"] for one in result["findings"]] == [rows[0].id]


def test_an_empty_run_reviews_nothing() -> None:
    """A run without a control is a valid document without a finding."""
    run = sample_run(controls=1, mutants=0).model_copy(update={"controls": []})

    assert "findings" not in _document(run)["results"][0]


def test_ids_are_stable_and_unique() -> None:
    """The same run gives the same bytes; no UUID stands for two things."""
    run = sample_run()

    result = _document(run)["results"][0]

    ids = [one["uuid"] for one in (*result["observations"], *result["findings"])]
    assert oscal.render(run) == oscal.render(run)
    assert len(set(ids)) == len(ids)


def test_the_models_are_loaded_only_to_write() -> None:
    """Importing the renderers does not import trestle: it costs seconds."""
    code = "import sys, meshproof.report.oscal, meshproof.report.formats; print('trestle' in sys.modules)"

    done = run_program([sys.executable, "-c", code], within_s=60)

    assert done.stdout.strip() == "False"


def _with(**update: object) -> model.Run:
    run = sample_run(controls=1, mutants=0)
    return run.model_copy(update={"controls": [run.controls[0].model_copy(update=update)]})


def _props(holder: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in holder["props"]}


def _document(run: model.Run) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(oscal.render(run))["assessment-results"]
    return document
