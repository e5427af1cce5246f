"""What the tests of the declaration share: a cache of the session's own, Terraform, and the plan of a small tree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from meshproof.declaration.plan import Plan
from meshproof.declaration.terraform import read_plan
from meshproof.declaration.terraform_program import locate
from meshproof.declaration.terraform_run import Terraform
from tests.declaration.trees import plant


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that only this session fills."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def tool(cache: Path) -> Callable[[Path], Callable[[], Terraform]]:
    """Terraform as a tree needs it, found when it is needed."""
    return lambda infra: lambda: locate(infra, cache=cache)


@pytest.fixture(scope="session")
def planted(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, tool: Callable[[Path], Callable[[], Terraform]]
) -> tuple[Path, Plan]:
    """The tree of two clouds and its plan by the real Terraform and AWS provider."""
    infra = plant(tmp_path_factory.mktemp("two-clouds"))
    return infra, read_plan(infra, "prod", terraform=tool(infra), cache=cache)
