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
        ("--kind-workers", "embedded", "kind"),
        ("--primary-context", "kind", "live"),
        ("--standby-context", "embedded", "live"),
        ("--allow-disruption", "plan", "live"),
    ],
)
def test_an_option_of_another_target_is_refused(
    pytester: pytest.Pytester, option: str, target: str, owner: str
) -> None:
    """With both targets named; and where its own is the run's, it is taken."""
    value = "2" if option == "--kind-workers" else "primary"
    with pytest.raises(UsageError, match=f"^{option}: only --target {owner} uses it, and this run is on {target}; "):
        settings_of(pytester.parseconfig(option, value, "--target", target))

    assert settings_of(pytester.parseconfig(option, value, "--target", owner)).target == owner


def test_a_site_is_named_exactly(pytester: pytest.Pytester) -> None:
    """What may be disturbed is never guessed."""
    says = r"^--allow-disruption: input should be 'primary' or 'standby' \(got 'stand'\); correct it there or in "
    with pytest.raises(UsageError, match=says):
        settings_of(pytester.parseconfig("--target", "live", "--allow-disruption", "stand"))


@pytest.mark.parametrize(("given", "says"), [("two", "valid integer"), ("-1", "greater than or equal to 0")])
def test_workers_are_a_number(pytester: pytest.Pytester, given: str, says: str) -> None:
    """As many as there are to be, or none."""
    with pytest.raises(UsageError, match=rf"^--kind-workers: input should be .*{says}.* \(got '{given}'\); correct it"):
        settings_of(pytester.parseconfig("--target", "kind", "--kind-workers", given))


def test_adopted_clusters_are_given_no_workers(pytester: pytest.Pytester) -> None:
    """They are somebody else's."""
    says = r"^--kind-workers: the adopted clusters shop-… keep their own nodes; leave one out$"
    with pytest.raises(UsageError, match=says):
        settings_of(pytester.parseconfig("--target", "kind", "--kind-cluster", "shop", "--kind-workers", "2"))


def test_the_projects_own_file_may_hold_options_of_every_target(pytester: pytest.Pytester) -> None:
    """They are for the runs that use them."""
    pytester.makepyprojecttoml('[tool.meshproof]\nkind-cluster = "shop"\nprimary-context = "shop-primary"\n')

    assert settings_of(pytester.parseconfig("--target", "plan")).kind_cluster == "shop"
