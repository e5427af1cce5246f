"""Run after run: only what can be compared is, what changed is said, and what does not hold still is named."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from meshproof.commands.trend import HISTORY, PAGE, trend
from meshproof.errors import UsageError
from meshproof.report import model, trend_page
from meshproof.report.formats import run_text
from meshproof.report.trend import Trend, added, changes, series, unsteady
from meshproof.selection import Selection
from tests.report.sample import sample_run

RUN = sample_run(controls=12, mutants=6, survivors=4)
PART = Selection(environment="prod", paths=["suites/mesh"], expression="not slow", left_out=["suites/dr/test_a.py"])
PASSED = next(one for one in RUN.controls[1:] if one.verdict == "pass")


def _night(number: int, **more: object) -> model.Run:
    return RUN.model_copy(update={"started": RUN.started + timedelta(days=number), **more})


def _with(control: model.ControlRun, verdict: str) -> list[model.ControlRun]:
    return [one.model_copy(update={"verdict": verdict}) if one is control else one for one in RUN.controls]


def _measured(*values: float) -> list[model.Measurement]:
    return [model.Measurement(name="recovery", value=one, unit="s", objective=300, control="DR-301") for one in values]


def _history(*runs: model.Run) -> Trend:
    found: Trend | None = None
    for one in runs:
        found = added(found, one, hashlib.sha256(run_text(one).encode()).hexdigest())
    assert found is not None
    return found


def _written(directory: Path, run: model.Run) -> Path:
    directory.mkdir()
    (directory / "run.json").write_text(run_text(run), encoding="utf-8")
    return directory


@given(st.permutations(range(4)))
def test_runs_stand_in_the_order_in_which_they_were_made(order: list[int]) -> None:
    """Whatever order they are added in, and once each."""
    nights = [_night(number) for number in range(4)]
    found = _history(*(nights[at] for at in order), nights[0])

    assert [one.started for one in found.runs] == [one.started for one in nights]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"target": "kind"}, "holds runs of prod on plan", id="target"),
        pytest.param({"tier": "nightly"}, "gate tier", id="tier"),
        pytest.param({"selection": Selection(environment="dev", left_out=[])}, "of dev on", id="environment"),
        pytest.param({"selection": PART}, "prod on plan, .*, only suites/mesh -k 'not slow'", id="part"),
        pytest.param({"selection": Selection(environment="prod")}, "is not recorded", id="of an older version"),
        pytest.param({"selection": PART.model_copy(update={"paths": [], "expression": ""})}, "do not say", id="--lf"),
    ],
)
def test_what_cannot_be_compared_is_refused(more: dict[str, object], says: str) -> None:
    """A run of another kind would look like a change of the platform."""
    with pytest.raises(UsageError, match=says):
        _history(_night(0), _night(1, **more))


def test_parts_that_were_asked_the_same_are_of_one_kind() -> None:
    """What kind is given every night is a part of the suites; more files of others change nothing in it."""
    more = PART.model_copy(update={"left_out": ["suites/dr/test_a.py", "suites/dr/test_new.py"]})

    assert len(_history(_night(0, selection=PART), _night(1, selection=more)).runs) == 2


def test_a_change_names_what_was_and_what_is() -> None:
    """Also of a control that is new."""
    before, after = _history(_night(0, controls=RUN.controls[1:]), _night(1, controls=_with(PASSED, "fail"))).runs

    found = {one.control: (one.was, one.now) for one in changes(before, after)}

    assert found == {RUN.controls[0].id: (None, RUN.controls[0].verdict), PASSED.id: ("pass", "fail")}


def test_a_verdict_that_changes_by_itself_is_unsteady() -> None:
    """Neither suites nor declaration changed, so something else decides it."""
    found = unsteady(_history(_night(0), _night(1, controls=_with(PASSED, "fail")), _night(2)).runs)

    assert [(one.control, one.verdicts, one.runs) for one in found] == [(PASSED.id, ["fail", "pass"], 3)]


@pytest.mark.parametrize("changed", ["infra_digest", "suite_digest", "verdict"])
def test_a_verdict_that_has_a_reason_to_change_is_steady(changed: str) -> None:
    """Another declaration, other suites, or a control that was not asked for."""
    verdict = "not_selected" if changed == "verdict" else "fail"
    more: dict[str, object] = {"controls": _with(PASSED, verdict)}
    if changed == "infra_digest":
        more["infra_digest"] = "0" * 64
    if changed == "suite_digest":
        more["tool"] = RUN.tool.model_copy(update={"suite_digest": "0" * 64})

    assert unsteady(_history(_night(0), _night(1, **more)).runs) == []


def test_a_run_that_did_not_measure_leaves_a_gap() -> None:
    """And of several measures of one run the largest counts."""
    nights = [_night(0, measurements=_measured(2, 7)), _night(1, measurements=[]), _night(2, measurements=_measured(5))]
    found = _history(*nights)

    (line,) = series(found.runs)
    (drawn,) = trend_page.Page(found).lines

    assert (line.values, line.objective) == ([7, None, 5], 300)
    assert len(drawn.points) == 2


def test_a_file_in_place_of_a_directory_is_named_once(tmp_path: Path) -> None:
    """Somebody names run.json itself."""
    path = _written(tmp_path / "run", RUN) / "run.json"

    with pytest.raises(UsageError, match=r"run.json: cannot be read: Not a directory; name the directory of a run"):
        trend([path], into=tmp_path / "trend", out=Console(file=io.StringIO()))


def test_a_night_is_told_whole_in_a_narrow_log(tmp_path: Path) -> None:
    """A pipeline's log has eighty columns: a date that is cut names no night."""
    out = io.StringIO()

    trend([_written(tmp_path / "run", RUN)], into=tmp_path / "trend", out=Console(file=out, width=80))

    assert RUN.started.strftime("%Y-%m-%d %H:%M") in out.getvalue()


@pytest.mark.parametrize(
    ("summary", "complete", "says", "mood"),
    [
        pytest.param({"pass": 3, "fail": 1}, False, "1 broken in the newest of 1 runs", "fail", id="broken"),
        pytest.param({"pass": 3}, False, "did not come to its end", "unknown", id="interrupted"),
        pytest.param({"unknown": 2, "exempt": 1}, True, "Nothing was seen to hold", "unknown", id="unseen"),
        pytest.param({}, True, "Nothing was seen to hold", "unknown", id="empty"),
        pytest.param({"pass": 3, "unknown": 2}, True, "2 could not be seen", "unknown", id="partly"),
        pytest.param({"pass": 3}, True, "Nothing is broken in the newest of 1 runs", "pass", id="kept"),
    ],
)
def test_the_headline_claims_no_more_than_was_seen(
    summary: dict[str, int],
    complete: bool,  # noqa: FBT001
    says: str,
    mood: str,
) -> None:
    """Nothing broken is only said of a run that came to its end and saw something."""
    page = trend_page.Page(_history(_night(0, summary=model.Summary.model_validate(summary), complete=complete)))

    assert says in page.headline
    assert page.mood == mood


def test_the_page_shows_the_newest_first_and_asks_no_network() -> None:
    """A person sees what changed since yesterday; the page is one file."""
    page = trend_page.render(_history(_night(0), _night(1, controls=_with(PASSED, "fail")))).decode()

    assert page.index("25 November") < page.index(
        "24 November 2026, 06:53:34 UTC</td>".replace("</td>", ""), page.index("25 November")
    )
    assert f"<code>{PASSED.id}</code> pass → fail" in page
    assert "http" not in page.replace("http-equiv", "")


def test_names_in_the_history_are_text() -> None:
    """A control cannot write the page."""
    hostile = [PASSED.model_copy(update={"id": "<script>alert(1)</script>"})]

    page = trend_page.render(_history(_night(0, controls=hostile), _night(1, controls=[]))).decode()

    assert "<script" not in page


def test_the_command_keeps_a_history(tmp_path: Path) -> None:
    """Night after night into the same directory."""
    out = io.StringIO()
    for number in range(3):
        trend(
            [_written(tmp_path / str(number), _night(number))],
            into=tmp_path / "trend",
            out=Console(file=out, width=200),
        )

    found = Trend.model_validate_json((tmp_path / "trend" / HISTORY).read_text())
    assert len(found.runs) == 3
    assert (tmp_path / "trend" / PAGE).is_file()
    assert "prod on plan, gate tier" in out.getvalue()


EMPTY = _history(_night(0)).model_copy(update={"runs": []}).model_dump_json(by_alias=True)
NO_ZONE = _history(_night(1)).model_dump_json(by_alias=True).replace('Z","digest', '","digest')


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}', EMPTY, NO_ZONE])
def test_a_broken_history_is_left_alone(tmp_path: Path, text: str) -> None:
    """It may be all that somebody has of a year of nights."""
    (tmp_path / "trend").mkdir()
    (tmp_path / "trend" / HISTORY).write_text(text)

    with pytest.raises(UsageError, match="is no history of runs"):
        trend([_written(tmp_path / "run", RUN)], into=tmp_path / "trend", out=Console(file=io.StringIO()))

    assert (tmp_path / "trend" / HISTORY).read_text() == text


def test_nothing_is_no_history(tmp_path: Path) -> None:
    """Neither a missing run nor none at all."""
    with pytest.raises(UsageError, match="there is no history yet"):
        trend([], into=tmp_path, out=Console(file=io.StringIO()))
    with pytest.raises(UsageError, match="name the directory of a run"):
        trend([tmp_path / "gone"], into=tmp_path, out=Console(file=io.StringIO()))

    assert not any(tmp_path.iterdir())
