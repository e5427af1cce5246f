"""`--prove` end to end: only a mutant that is killed for the right reason is good."""

from __future__ import annotations

import pytest

from tests.small_suite import GOOD, Suite, read_run, suite

__all__ = ["suite"]


def test_prove_kills_the_mutant_and_scores_generated_ones(suite: Suite, pytester: pytest.Pytester) -> None:
    """A declared mutant dies by the check's own words; generated ones are counted by system."""
    result = suite(GOOD, "--prove")

    assert result.ret == 0
    run = read_run(pytester)
    assert [(one["name"], one["outcome"]) for one in run["mutants"]] == [("type-nodeport", "killed")]  # type: ignore[attr-defined]
    assert run["generated_mutants"]["by_system"]["net"]["made"] > 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("mutant", "outcome", "status"),
    [
        pytest.param('remove("Service", "shop/a", says="x")', "survived", 1, id="survived"),
        pytest.param(
            'edit("Service", "shop/a", {"spec": {"type": "NodePort"}}, says="is closed")',
            "misattributed",
            1,
            id="misattributed",
        ),
    ],
)
def test_a_mutant_that_is_not_killed_fails_the_run(
    suite: Suite, pytester: pytest.Pytester, mutant: str, outcome: str, status: int
) -> None:
    """Only killed is good."""
    result = suite(GOOD.replace("OPEN", mutant), "--prove")

    assert result.ret == status
    assert [one["outcome"] for one in read_run(pytester)["mutants"]] == [outcome]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("mutant", "words"),
    [
        pytest.param(
            'edit("Service", "shop/a", {"spec": {"type": "ClusterIP"}}, says="x")', "changes nothing", id="same"
        ),
        pytest.param(
            'edit("Service", "shop/z", {"spec": {"type": "NodePort"}}, says="x")', "matches shop/z", id="nothing"
        ),
    ],
)
def test_a_mutant_that_changes_nothing_breaks_the_suite(suite: Suite, mutant: str, words: str) -> None:
    """It would prove nothing, so it is refused in one sentence."""
    result = suite(GOOD.replace("OPEN", mutant), "--prove")

    assert result.ret == 3
    result.stdout.fnmatch_lines([f"*mutant *{words}*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_control_without_a_mutant_is_one_sentence(suite: Suite) -> None:
    """It is refused at collection, with file and line and what to do."""
    result = suite(GOOD.replace("[OPEN]", "[]"))

    assert result.ret == 4
    result.stdout.fnmatch_lines(["*test_net.py:*control NET-001: has no mutant*add edit*"])
    result.stdout.no_fnmatch_line("*Traceback*")
