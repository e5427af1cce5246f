"""Terragrunt's own rendering is compared where there is a terragrunt; where there is none, that is unknown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.terragrunt_render import agrees, rendered
from meshproof.errors import TargetError
from tests.declaration.trees import plant

#: Stands in for terragrunt: `stack generate` makes the units' folders, `render` answers from a file beside it.
SCRIPT = """#!{python}
import json, pathlib, sys
answers = json.loads(pathlib.Path(__file__).with_suffix(".json").read_text())
if sys.argv[1] == "stack":
    for unit in answers:
        pathlib.Path(unit).mkdir(parents=True)
else:
    found = next(value for name, value in answers.items() if str(pathlib.Path.cwd()).endswith(name))
    print(json.dumps({{"inputs": found}}))
"""


def stand_in(base: Path, answers: dict[str, object]) -> str:
    """A program that answers as terragrunt would."""
    program = base / "terragrunt"
    program.write_text(SCRIPT.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    program.with_suffix(".json").write_text(json.dumps(answers), encoding="utf-8")
    return str(program)


STORE = "primary/.terragrunt-stack/p/.terragrunt-stack/store"
BUCKET = "standby/.terragrunt-stack/p/.terragrunt-stack/bucket"


def test_each_unit_is_rendered(tmp_path: Path) -> None:
    """By the id under which the engine knows it."""
    infra = plant(tmp_path)
    program = stand_in(tmp_path, {STORE: {"size": 2}, BUCKET: {"name": "shop-prod"}})

    found = rendered(infra, "prod", program=program)

    assert (found.inputs, found.refused) == (
        {"primary/store": {"size": 2}, "standby/bucket": {"name": "shop-prod"}},
        "",
    )


def test_a_tree_that_terragrunt_does_not_take_is_told_in_its_words(tmp_path: Path) -> None:
    """With the command that failed."""
    infra = plant(tmp_path)
    program = tmp_path / "terragrunt"
    program.write_text("#!/bin/sh\necho 'no such function' >&2\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)

    found = rendered(infra, "prod", program=str(program))

    assert found.refused == "terragrunt stack generate in prod: terragrunt ended with status 1: no such function"


def test_without_terragrunt_its_acceptance_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a pass."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TargetError, match="that Terragrunt accepts the tree is unknown"):
        rendered(plant(tmp_path), "prod")


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        pytest.param(UNKNOWN, "mock", True, id="unknown"),
        pytest.param({"a": [1, UNKNOWN]}, {"a": [1, 2]}, True, id="unknown-inside"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="more-keys"),
        pytest.param([1], [1, 2], False, id="more-items"),
        pytest.param("1", 1, False, id="type"),
    ],
)
def test_only_what_is_known_must_agree(ours: object, theirs: object, same: bool) -> None:  # noqa: FBT001 - a table
    """Unknown parts agree with anything."""
    assert agrees(ours, theirs) is same
