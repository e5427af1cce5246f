"""The comment of a pull request: what broke and where, below the size of a comment, without side effects."""

from __future__ import annotations

import pytest

from meshproof.report import markdown, model
from tests.report.sample import sample_run, summary_of


def test_names_what_broke() -> None:
    """Each broken control stands there with its place and its remedy, each system in its row."""
    run = sample_run()

    text = markdown.render(run).decode()

    for control in (one for one in run.controls if one.verdict == "fail"):
        assert f"`{control.id}`" in text
        assert all(f"`{one.file}:{one.line}`" in text for one in control.where if one.line)
    assert "Remedy: " in text
    assert all(f"| {row.id} | " in text for row in run.systems)
    assert "297 of 300 killed" in text
    assert "| recovery time | 118.4 s | 300 s | infra/observability/slo/orders.yaml | DR-013 |" in text


@pytest.mark.parametrize("number", [60, 1000, 5000])
def test_stays_below_a_comment(number: int) -> None:
    """However much broke, it fits; what is left out is counted, and what is opened is closed."""
    text = markdown.render(_all_broken(number))

    assert len(text) < 60_000
    assert (b" more, in the report" in text) is (number > 60)
    assert text.count(b"<details>") == text.count(b"</details>") == 2
    assert b"Declared mutants:" in text


def test_a_run_cannot_address_anybody() -> None:
    """Words of a run neither mention a person, nor open a tag, nor link an issue, nor break a list."""
    run = sample_run(controls=2, mutants=0)
    broken = run.controls[0].model_copy(
        update={"verdict": "fail", "where": [], "reason": "@octocat\n# head <img src=x> `a` #12 [x](y) | z"}
    )

    text = markdown.render(run.model_copy(update={"controls": [broken]})).decode()

    assert "@octocat" not in text
    assert "<img" not in text
    assert "\n# head" not in text
    assert r"\[x\](y) \| z" in text


def test_backquotes_stay_inside_code() -> None:
    """A text with backquotes is fenced by more of them."""
    assert markdown._code("a `b` ``c``") == "``` a `b` ``c`` ```"


def _all_broken(number: int) -> model.Run:
    run = sample_run()
    rows = [
        run.controls[at % 150].model_copy(
            update={"id": f"X-{at:04d}", "verdict": "fail" if at % 3 else "unknown", "reason": "é" * 300}
        )
        for at in range(number)
    ]
    return run.model_copy(update={"controls": rows, "summary": summary_of(rows)})
