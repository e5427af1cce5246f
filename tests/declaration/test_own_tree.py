"""The tree that this repository holds: it keeps to the closed subset, and its units fit together."""

from __future__ import annotations

from pathlib import Path

import pytest
from platformdirs import user_cache_path

from meshproof.declaration.terragrunt import environments, outside_subset, read_live
from meshproof.declaration.terragrunt_checks import unit_findings

INFRA = Path(__file__).parents[2] / "infra"


def test_nothing_lies_outside_the_subset() -> None:
    """A function, a condition or a loop in the live tree would be evaluated by nobody here."""
    assert outside_subset(INFRA, cache=user_cache_path("meshproof")) == []


@pytest.mark.parametrize("environment", ["dev", "prod", "staging"])
def test_the_units_of_each_environment_fit_together(environment: str) -> None:
    """Sources, dependencies, mock outputs and inputs; every environment has the same units."""
    live = read_live(INFRA, environment, cache=user_cache_path("meshproof"))

    assert unit_findings(live) == []
    assert [unit.id for unit in live.units] == [
        unit.id for unit in read_live(INFRA, "prod", cache=user_cache_path("meshproof")).units
    ]


def test_the_environments_are_the_three_that_the_platform_has() -> None:
    """A fourth would need its own row of the nightly tier."""
    assert environments(INFRA) == ("dev", "prod", "staging")
