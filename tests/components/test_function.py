"""A declared function runs with the environment that is declared for it, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from meshproof.components.function import load_function
from meshproof.errors import TargetError

SOURCE = """
import os

NAME = os.environ["NAME"]

def handle(event, _context):
    print("heard")
    return NAME, os.environ.get("HOME"), lookup(event)

def lookup(event):
    return "cloud"
"""


def test_it_sees_its_environment_and_what_it_is_bound_to(tmp_path: Path) -> None:
    """Neither this process's variables nor the cloud are reached, and this process's stay as they were."""
    (tmp_path / "steps.py").write_text(SOURCE, encoding="utf-8")
    before, heard = dict(os.environ), list[str]()

    module = load_function(tmp_path / "steps.py", {"NAME": "orders"}, lookup=str.upper, print=heard.append)

    assert module.handle("here", None) == ("orders", None, "HERE")
    assert heard == ["heard"]
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("environment", "bound", "says"),
    [({}, {}, "declared environment: KeyError 'NAME'"), ({"NAME": "a"}, {"nowhere": 1}, "has no nowhere to bind")],
)
def test_what_cannot_be_run_as_declared_is_unknown(
    tmp_path: Path, environment: dict[str, str], bound: dict[str, object], says: str
) -> None:
    """A variable that is not declared, or a name that is not there any more."""
    (tmp_path / "steps.py").write_text(SOURCE, encoding="utf-8")

    with pytest.raises(TargetError, match=rf"steps\.py: .*{says}"):
        load_function(tmp_path / "steps.py", environment, **bound)
