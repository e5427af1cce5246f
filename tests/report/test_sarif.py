"""SARIF: valid against the standard's own schema, and what it says of each verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

from meshproof.report import model, sarif
from tests.report.sample import sample_run

_SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def _empty() -> model.Run:
    return sample_run(controls=1, mutants=0).model_copy(update={"controls": [], "notes": [], "exemptions": []})


@pytest.mark.parametrize("run", [sample_run(), _empty()], ids=["sample", "empty"])
def test_is_valid(run: model.Run) -> None:
    """The log keeps to the OASIS schema."""
    log = json.loads(sarif.render(run))

    errors = [error.message for error in Draft4Validator(_SCHEMA, format_checker=FormatChecker()).iter_errors(log)]

    assert errors == []


def test_every_control_is_a_rule() -> None:
    """Rules carry the demand, the source and the remedy; a result's index leads to its rule."""
    run = sample_run()
    log = _log(run)
    rules = log["tool"]["driver"]["rules"]

    assert [rule["id"] for rule in rules] == [one.id for one in run.controls]
    assert rules[0]["helpUri"] == run.controls[0].source
    assert rules[0]["help"]["text"] == run.controls[0].remedy
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in log["results"])


def test_each_place_is_a_result() -> None:
    """A broken control has one result for each place, with file, line and address."""
    where = [
        model.Where(file="infra/a b.tf", line=3, address="x.y", says="is open"),
        model.Where(file="infra/c.tf", line=None, address="z", says="is missing"),
        model.Where(file="", line=None, address="unit.q", says="is unknown"),
    ]

    results = _log(_with(verdict="fail", where=where))["results"]

    first, second, third = (one["locations"][0] for one in results)
    assert first["physicalLocation"]["artifactLocation"] == {"uri": "infra/a%20b.tf", "uriBaseId": "SRCROOT"}
    assert first["physicalLocation"]["region"] == {"startLine": 3}
    assert "region" not in second["physicalLocation"]
    assert third == {"logicalLocations": [{"fullyQualifiedName": "unit.q", "kind": "resource"}]}


@pytest.mark.parametrize(
    ("verdict", "level", "said"),
    [
        ("fail", "MUST", [("fail", "error", False)]),
        ("fail", "SHOULD", [("fail", "error", False)]),
        ("exempt", "MUST", [("fail", "error", True)]),
        ("unknown", "MUST", [("open", "none", False)]),
        ("unknown", "SHOULD", []),
        ("pass", "MUST", []),
        ("not_applicable", "MUST", []),
        ("not_on_this_target", "MUST", []),
    ],
)
def test_verdicts(verdict: str, level: str, said: list[tuple[str, str, bool]]) -> None:
    """Kind, level and suppression of each verdict."""
    results = _log(_with(verdict=verdict, level=level, where=[]))["results"]

    assert [(one["kind"], one["level"], "suppressions" in one) for one in results] == said


def test_fingerprints_outlive_an_edit() -> None:
    """A place keeps its fingerprint when its line and words change; two places never share one."""
    place = model.Where(file="infra/a.tf", line=3, address="x.y", says="is open")
    moved = place.model_copy(update={"line": 90, "says": "is wide open"})

    before = _prints(_with(verdict="fail", where=[place, place]))
    after = _prints(_with(verdict="fail", where=[moved, moved]))

    assert before == after
    assert len(set(before)) == 2


def _with(**update: object) -> model.Run:
    run = sample_run(controls=1, mutants=0)
    return run.model_copy(update={"controls": [run.controls[0].model_copy(update=update)]})


def _prints(run: model.Run) -> list[str]:
    return [one["partialFingerprints"]["meshproof/v1"] for one in _log(run)["results"]]


def _log(run: model.Run) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(sarif.render(run))["runs"][0]
    return log
