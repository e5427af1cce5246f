"""Normal forms of paths, and spellings that are different, closed or open, and the same for the same seed."""

from __future__ import annotations

from itertools import islice

import pytest

from suites.mesh.paths import is_ambiguous, normal, spellings


@pytest.mark.parametrize(
    ("spelled", "means"),
    [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a/", "/a/"),
        ("//a///b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a//../b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/..", "/"),
        ("/../../b", "/b"),
        ("/a/%2e%2E/b", "/b"),
        ("/a%2fb", "/a/b"),
        ("/a%5C..%5cb", "/b"),
        ("/a\\b", "/a/b"),
        ("/a/..;/b", "/a/..;/b"),
        ("/a;x/b", "/a;x/b"),
        ("/%61", "/a"),
        ("/A", "/A"),
        ("/%2561", "/%2561"),
        ("/a/%252e%252e/b", "/a/%252e%252e/b"),
        ("/a/%00", "/a/%00"),
        ("/a?b=/../c", "/a"),
        ("/a#b", "/a"),
    ],
)
def test_a_spelling_means_one_path(spelled: str, means: str) -> None:
    """A spelling means one path."""
    assert normal(spelled) == means


@pytest.mark.parametrize(
    ("path", "ambiguous"),
    [
        ("/a/..;/b", True),
        ("/a%2f%2E.%3Bx=1", True),
        ("/a;x", True),
        ("/a%00", True),
        ("/a?b;c", False),
        ("/a#;", False),
    ],
)
def test_parameters_of_a_path_are_ambiguous(path: str, *, ambiguous: bool) -> None:
    """Those of the query are not."""
    assert is_ambiguous(path) is ambiguous


def test_a_normal_form_is_its_own() -> None:
    """A normal form is its own."""
    found = [normal(one) for one in spellings("/open", ["/shut", "/shut/deep"], count=500, seed=1)]

    assert [normal(one) for one in found] == found


def test_spellings_differ_and_repeat() -> None:
    """Spellings differ and repeat."""
    first, again = (list(islice(spellings("/open", ["/shut"], count=300, seed=7), 300)) for _ in range(2))

    assert first == again
    assert len(set(first)) == len(first)


def test_spellings_mean_the_closed_and_the_open_path() -> None:
    """Spellings mean the closed and the open path."""
    meant = {normal(one) for one in spellings("/open", ["/shut"], count=500, seed=3)}

    assert {"/shut", "/open"} <= meant
