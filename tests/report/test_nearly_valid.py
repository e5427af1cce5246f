"""A run.json with one thing wrong is read, or refused in words, by every command that reads one."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from meshproof.commands.runs import compare, explain, render
from meshproof.commands.trend import trend
from meshproof.errors import MeshproofError
from tests.report.sample import sample_run

RUN: Final = json.loads(sample_run(controls=4, mutants=3, survivors=2).model_dump_json(by_alias=True))
CONTROL: Final = str(RUN["controls"][0]["id"])
WRONG: Final = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e300,
        "",
        "x",
        "[/b]",
        "[red]",
        "<b>&\0",
        "é" * 300,
        [],
        {},
        [None],
        [[]],
        {"a": {}},
        "../../x",
    ]
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from _paths(one, (*path, key))


PATHS: Final = sorted(_paths(RUN), key=str)


def _with(path: tuple[str | int, ...], change: object, *, drop: bool) -> Any:
    body = json.loads(json.dumps(RUN))
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = change
    return body


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(path=("controls", 0, "system"), change="[/b]", drop=False)  # a colour's end to the terminal's library
@example(path=("controls", 0, "title"), change="[/b]", drop=False)
@given(path=st.sampled_from(PATHS), change=WRONG, drop=st.booleans())
def test_every_command_reads_it_or_says_what_is_wrong(
    tmp_path: Path, path: tuple[str | int, ...], change: object, *, drop: bool
) -> None:
    """Whatever field is another value, or is gone."""
    before, after = tmp_path / "before", tmp_path / "after"
    for place, body in ((before, RUN), (after, _with(path, change, drop=drop))):
        place.mkdir(exist_ok=True)
        (place / "run.json").write_text(json.dumps(body))
    out = Console(file=io.StringIO(), width=120)

    for command in (
        lambda: render(after, out=out),
        lambda: compare(before, after, out=out),
        lambda: explain(after, CONTROL, out=out),
        lambda: trend([after], into=after / "trend", out=out),
    ):
        with contextlib.suppress(MeshproofError):
            command()

    left = {one.name for one in tmp_path.iterdir()}
    assert left == {"before", "after"}, "a field of a run led a command out of its directory"


def test_what_is_wrong_is_named_with_its_place(tmp_path: Path) -> None:
    """The path into the file, as pydantic has it."""
    (tmp_path / "run.json").write_text(json.dumps(_with(("controls", 0, "verdict"), "perhaps", drop=False)))

    with pytest.raises(MeshproofError, match=r"run\.json: controls\.0\.verdict: input should be"):
        explain(tmp_path, CONTROL, out=Console(file=io.StringIO()))
