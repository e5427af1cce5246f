"""Targets side by side: agreement is only between those that saw it, and a disagreement is told with both evidences."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from meshproof.commands.equivalence import equivalence as command
from meshproof.errors import UsageError
from meshproof.report import equivalence_page as page
from meshproof.report import model
from meshproof.report.equivalence import equivalence
from meshproof.report.formats import run_text
from tests.report.sample import sample_run

BASE = sample_run(controls=8, mutants=0, survivors=0)
PLACE = model.Where(file="infra/a.yaml", line=3, address="primary/Sidecar/shop/orders", says="is not there")
NOTE = model.NoteRun(subject="Sidecar/shop/orders", where="", says="embedded: has Sidecars of its own")


def run_on(target: str, verdict: str, *, where: tuple[model.Where, ...] = (), **more: object) -> model.Run:
    """The sample on a target, its first control with this verdict."""
    first, *rest = BASE.controls
    changed = first.model_copy(update={"verdict": verdict, "where": list(where), "target": target})
    kept = [one.model_copy(update={"verdict": "pass", "where": []}) for one in rest]
    return BASE.model_copy(update={"target": target, "controls": [changed, *kept], **more})


def test_a_target_that_was_not_run_agrees_with_nobody() -> None:
    """Nor one that could not see it."""
    found = equivalence([("a" * 64, run_on("plan", "pass")), ("b" * 64, run_on("embedded", "unknown"))], {})
    first, *rest = found.rows

    assert [one.verdict for one in first.cells] == ["pass", "unknown", "not_run", "not_run"]
    assert not found.disagreements
    assert (found.agreeing, found.seen_once) == (len(rest), 1)


def test_a_second_run_of_a_target_is_no_second_opinion() -> None:
    """It agrees with the first, which says nothing of another target."""
    first, *_ = BASE.controls
    only = run_on("plan", "pass").model_copy(update={"controls": [first.model_copy(update={"verdict": "pass"})]})
    found = equivalence(
        [("a" * 64, only), ("b" * 64, run_on("live", "unknown")), ("c" * 64, run_on("plan", "pass"))], {}
    )

    assert found.rows[0].targets == {"plan"}
    assert (found.agreeing, found.seen_once) == (len(found.rows) - 1, 1)


def test_a_disagreement_is_told_with_both_evidences() -> None:
    """By the digests of both runs and of their files."""
    found = equivalence(
        [("a" * 64, run_on("embedded", "pass")), ("b" * 64, run_on("live", "fail", where=(PLACE,)))], {}
    )
    text = page.markdown(found).decode()

    assert [one.control for one in found.unexplained] == [BASE.controls[0].id]
    assert "**unexplained**" in text
    assert "a" * 64 in text
    assert "b" * 64 in text
    assert "infra/a.yaml:3 primary/Sidecar/shop/orders: is not there" in text
    assert text.count("not run") > len(found.rows)
    assert f"{BASE.controls[0].evidence[0].sha256}" in text


def test_what_a_target_translates_explains_what_another_misses() -> None:
    """Only where its notes name every place that is broken."""
    kept = run_on("embedded", "pass", notes=[NOTE])
    other = PLACE.model_copy(update={"address": "primary/Gateway/shop/orders"})
    told = equivalence([("a" * 64, kept), ("b" * 64, run_on("live", "fail", where=(PLACE,)))], {})
    untold = equivalence([("a" * 64, kept), ("b" * 64, run_on("live", "fail", where=(PLACE, other)))], {})

    assert "has Sidecars of its own" in told.disagreements[0].explained
    assert not told.unexplained
    assert len(untold.unexplained) == 1


@pytest.mark.parametrize(
    ("complaint", "explained"),
    [
        ("spec.servers.0.bind: is nothing", True),
        ("spec.jwtRules.0.jwksUri: is nothing", True),
        ("spec.jwtRules.0.jwksUri.more: is nothing", True),
        ("spec.jwtRules.0.jwksUris: is nothing", False),
        ("spec.servers.0.hosts.0: is '*'", False),
        ("is not there", False),
    ],
)
def test_a_note_of_a_field_explains_nothing_else_of_the_object(complaint: str, *, explained: bool) -> None:
    """Whoever changes another field of it by hand has changed what was declared."""
    says = "embedded: spec.servers.0.bind, spec.jwtRules.0.jwksUri: are the run's own"
    kept = run_on("embedded", "pass", notes=[NOTE.model_copy(update={"says": says})])
    place = PLACE.model_copy(update={"says": complaint})
    found = equivalence([("a" * 64, kept), ("b" * 64, run_on("live", "fail", where=(place,)))], {})

    assert bool(found.disagreements[0].explained) is explained


def written(directory: Path, run: model.Run) -> Path:
    """A run as a directory."""
    directory.mkdir()
    (directory / "run.json").write_text(run_text(run), encoding="utf-8")
    return directory


def test_a_file_of_reasons_without_any_is_refused(tmp_path: Path) -> None:
    """A mistyped table would be taken for one without need."""
    runs = [written(tmp_path / one, run_on(one, "pass")) for one in ("embedded", "live")]
    reasons = tmp_path / "why.toml"
    reasons.write_text('[explains]\n"EKS-001" = "a typo"\n', encoding="utf-8")

    with pytest.raises(UsageError, match=r"why.toml: has no table \[explained\]"):
        command(runs, explained=reasons, into=None, out=Console(file=io.StringIO()))


def test_the_command_fails_until_it_is_explained(tmp_path: Path) -> None:
    """By a reason in a file; and it writes the table either way."""
    runs = [
        written(tmp_path / "embedded", run_on("embedded", "pass")),
        written(tmp_path / "live", run_on("live", "fail", where=(PLACE,))),
    ]
    reasons = tmp_path / "why.toml"
    reasons.write_text(f'[explained]\n"{BASE.controls[0].id}" = "somebody deleted it"\n', encoding="utf-8")
    out = io.StringIO()

    assert command(runs, explained=None, into=tmp_path / "table", out=Console(file=out)) == 1
    assert "UNEXPLAINED" in out.getvalue()
    assert command(runs, explained=reasons, into=tmp_path / "table", out=Console(file=out)) == 0
    assert "somebody deleted it" in (tmp_path / "table" / "equivalence.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        pytest.param([run_on("plan", "pass")], "plan alone agrees with itself", id="one"),
        pytest.param([run_on("plan", "pass"), run_on("plan", "fail")], "plan alone agrees", id="one target twice"),
        pytest.param(
            [run_on("plan", "pass"), run_on("live", "pass", controls=[])], "no control was decided on two", id="nothing"
        ),
        pytest.param(
            [run_on("plan", "pass"), run_on("live", "pass", infra_digest="0" * 64)], "infra_digest differs", id="other"
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(runs: list[model.Run], says: str) -> None:
    """In one sentence."""
    with pytest.raises(UsageError, match=says):
        equivalence([("a" * 64, one) for one in runs], {})


def test_a_reason_that_explains_nothing_is_refused() -> None:
    """Else it would explain what comes to differ later."""
    runs = [("a" * 64, run_on("plan", "pass")), ("b" * 64, run_on("live", "pass"))]

    with pytest.raises(UsageError, match="do not disagree about it"):
        equivalence(runs, {"EKS-001": "once"})
