"""Terragrunt's own rendering is compared where there is a terragrunt; where there is none, that is unknown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.terragrunt import read_live
from meshproof.declaration.terragrunt_render import agrees, rendering_findings
from meshproof.errors import ProbeError
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


def test_a_difference_is_named_with_its_line(tmp_path: Path) -> None:
    """What the engine knows must be what terragrunt renders; what it cannot know is passed over."""
    live = read_live(plant(tmp_path), "prod")
    peers = {"urls": {"a": "gs://mock"}, "name": "x/mock"}
    program = stand_in(
        tmp_path,
        {
            "primary/.terragrunt-stack/p/.terragrunt-stack/store": {"name": "shop-prod-a", "peers": peers, "size": 2},
            "standby/.terragrunt-stack/p/.terragrunt-stack/bucket": {
                "name": "shop-prod",
                "names": {"a": "one", "b": "two"},
            },
        },
    )

    found = rendering_findings(live, program=program)

    assert [str(one) for one in found] == [
        "infra/units/aws/store/terragrunt.hcl:26: primary/store: input size: terragrunt renders 2, the engine 1"
    ]


def test_without_terragrunt_its_acceptance_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a pass."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProbeError, match="that Terragrunt accepts the tree is unknown"):
        rendering_findings(read_live(plant(tmp_path), "prod"))


@pytest.mark.parametrize(
    ("ours", "rendered", "same"),
    [
        pytest.param(UNKNOWN, "mock", True, id="unknown"),
        pytest.param({"a": [1, UNKNOWN]}, {"a": [1, 2]}, True, id="unknown-inside"),
        pytest.param({"a": 1}, {"a": 1, "b": 2}, False, id="more-keys"),
        pytest.param([1], [1, 2], False, id="more-items"),
        pytest.param("1", 1, False, id="type"),
    ],
)
def test_only_what_is_known_must_agree(ours: object, rendered: object, same: bool) -> None:  # noqa: FBT001 - a table
    """Unknown parts agree with anything."""
    assert agrees(ours, rendered) is same
