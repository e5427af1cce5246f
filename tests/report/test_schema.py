"""The published schema of run.json is the model's, and run files keep to it."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from meshproof.report.formats import run_text
from meshproof.report.schema import PATH, schema_text
from tests.report.sample import sample_run


def test_is_current() -> None:
    """The committed file is what `python -m meshproof.report.schema` writes."""
    assert PATH.read_text(encoding="utf-8") == schema_text()


def test_is_a_schema() -> None:
    """It is valid JSON Schema."""
    Draft202012Validator.check_schema(json.loads(schema_text()))


def test_a_run_keeps_to_it() -> None:
    """What is written is valid."""
    errors = list(Draft202012Validator(json.loads(schema_text())).iter_errors(json.loads(run_text(sample_run()))))

    assert errors == []


@pytest.mark.parametrize("key", ["verdict", "extra", "schema"])
def test_refuses_what_is_not_a_run(key: str) -> None:
    """A wrong verdict, an unknown key and a missing schema are errors."""
    run = json.loads(run_text(sample_run(controls=1, mutants=0)))
    if key == "verdict":
        run["controls"][0]["verdict"] = "green"
    elif key == "extra":
        run["more"] = 1
    else:
        del run["schema"]

    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(run))
