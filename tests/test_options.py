"""Options that a run would ignore are refused: nobody learns from a pass what was not looked at."""

from __future__ import annotations

import pytest

from meshproof.errors import UsageError
from meshproof.options import settings_of


@pytest.mark.parametrize(
    ("option", "target", "owner"),
    [
        ("--images", "plan", "kind"),
        ("--kind-cluster", "live", "kind"),
        ("--primary-context", "kind", "live"),
        ("--standby-context", "embedded", "live"),
        ("--allow-disruption", "plan", "live"),
    ],
)
def test_an_option_of_another_target_is_refused(
    pytester: pytest.Pytester, option: str, target: str, owner: str
) -> None:
    """With both targets named; and where its own is the run's, it is taken."""
    with pytest.raises(UsageError, match=f"^{option}: only --target {owner} uses it, and this run is on {target}; "):
        settings_of(pytester.parseconfig(option, "primary", "--target", target))

    assert settings_of(pytester.parseconfig(option, "primary", "--target", owner)).target == owner


def test_a_site_is_named_exactly(pytester: pytest.Pytester) -> None:
    """What may be disturbed is never guessed."""
    says = r"^--allow-disruption: input should be 'primary' or 'standby' \(got 'stand'\); correct it there or in "
    with pytest.raises(UsageError, match=says):
        settings_of(pytester.parseconfig("--target", "live", "--allow-disruption", "stand"))


def test_the_projects_own_file_may_hold_options_of_every_target(pytester: pytest.Pytester) -> None:
    """They are for the runs that use them."""
    pytester.makepyprojecttoml('[tool.meshproof]\nkind-cluster = "shop"\nprimary-context = "shop-primary"\n')

    assert settings_of(pytester.parseconfig("--target", "plan")).kind_cluster == "shop"
