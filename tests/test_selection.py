"""Which part of the suites a run was: together, parts are what none of them alone left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.selection import Selection, together

FILES = ("suites/a/test_a.py", "suites/a/test_b.py", "suites/b/test_c.py")
CHECKS = tuple(f"{file}::test_{number}" for file in FILES for number in range(2))
#: What runs can leave out: whole files, and checks of others.
LEFT_OUT = st.lists(st.sampled_from([*FILES, *CHECKS]), unique=True).map(sorted)


def _part(left_out: list[str] | None, **asked: object) -> Selection:
    return Selection.model_validate({"environment": "prod", "left_out": left_out, **asked})


def _checks(one: Selection) -> set[str]:
    assert one.left_out is not None
    return {name for name in CHECKS if {name, name.partition("::")[0]} & set(one.left_out)}


@given(st.lists(LEFT_OUT, min_size=1, max_size=4))
def test_what_any_part_selected_is_selected(lists: list[list[str]]) -> None:
    """Whether files or checks were left out, and in whatever order the parts come."""
    parts = [_part(one) for one in lists]
    whole = together(parts)

    assert _checks(whole) == set.intersection(*map(_checks, parts))
    assert whole.left_out == together(parts[::-1]).left_out
    assert whole.is_whole is not bool(_checks(whole))


def test_a_part_that_is_not_recorded_makes_no_whole() -> None:
    """A run of an older version may have left out anything."""
    assert together([_part([]), _part(None)]).left_out is None
    assert not _part(None).is_whole


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (_part([]), ""),
        (_part([FILES[2]], paths=["suites/a"], expression="x y", marks="m"), "only suites/a -k 'x y' -m m"),
        (_part([CHECKS[0]], deselect=[CHECKS[0]]), f"only --deselect {CHECKS[0]}"),
        (_part([CHECKS[0]]), "only a part of the suites"),
        (_part(None), "how much of the suites is not recorded"),
        (_part([], paths=["suites/a", "suites/b"]), ""),
    ],
    ids=["whole", "path-and-expressions", "deselected", "by-a-plugin", "not-recorded", "every-path"],
)
def test_a_part_says_which(selection: Selection, said: str) -> None:
    """In the words that select it again, where there are any."""
    assert selection.part == said


def test_parts_that_are_no_whole_say_what_they_were_together() -> None:
    """No less than what selects all of it again."""
    left = [FILES[2]]
    paths = together([_part(left, paths=[FILES[0]]), _part(left, paths=[FILES[1]])])
    chosen = together([_part(left, expression="a"), _part(left, expression="b or c")])
    unsaid = together([_part(left, expression="a"), _part(left)])

    assert paths.part == f"only {FILES[0]} {FILES[1]}"
    assert chosen.part == "only -k '(a) or (b or c)'"
    assert unsaid.part == "only a part of the suites"
