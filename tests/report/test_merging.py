"""Several runs as one: nothing is lost, nothing becomes better than its worst part, and only what fits is merged."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from meshproof.commands.merge import merge
from meshproof.commands.runs import load_run
from meshproof.errors import UsageError
from meshproof.report import model
from meshproof.report.formats import run_text
from meshproof.report.merging import exit_status, held, merged, shortfalls
from meshproof.selection import Selection
from meshproof.settings import Settings
from tests.report.sample import sample_run

RUN = sample_run(controls=12, mutants=6, survivors=4)


def _part(*keep: int, **more: object) -> model.Run:
    """The sample with only these of its controls."""
    mine = [one for at, one in enumerate(RUN.controls) if at in keep]
    ids = {one.id for one in mine}
    mutants = [one for one in RUN.mutants if one.control in ids]
    return RUN.model_copy(update={"controls": mine, "mutants": mutants, **more})


def test_every_control_of_every_part_is_there() -> None:
    """Once, counted once, in its system's row."""
    whole = merged([_part(*range(6)), _part(*range(6, 12))], ["a", "b"])

    assert [one.id for one in whole.controls] == sorted(one.id for one in RUN.controls)
    assert whole.summary == RUN.summary
    assert {one.id: one.summary for one in whole.systems} == {one.id: one.summary for one in RUN.systems}
    assert whole.shards == ["a", "b"]


@pytest.mark.parametrize(("one", "other", "left"), [("pass", "fail", "fail"), ("not_selected", "pass", "pass")])
def test_a_control_has_its_worst_decided_verdict(one: str, other: str, left: str) -> None:
    """Whichever part comes first."""
    parts = [_part(0), _part(0)]
    for at, verdict in enumerate((one, other)):
        changed = parts[at].controls[0].model_copy(update={"verdict": verdict})
        parts[at] = parts[at].model_copy(update={"controls": [changed]})

    assert merged(parts, ["a", "b"]).controls[0].verdict == left
    assert merged(parts[::-1], ["b", "a"]).controls[0].verdict == left


def test_only_what_every_part_let_through_survived() -> None:
    """The parts drew the same mutants, and each killed its own share."""
    drawn = RUN.generated_mutants
    assert drawn is not None
    first, second = drawn.survivors[:3], drawn.survivors[2:]

    whole = merged(
        [_part(0, generated_mutants=drawn.model_copy(update={"survivors": left})) for left in (first, second)],
        ["a", "b"],
    )

    found = whole.generated_mutants
    assert found is not None
    assert found.survivors == drawn.survivors[2:3]
    assert found.killed == sum(score.made for score in drawn.by_system.values()) - 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"infra_digest": "0" * 64}, "differ in declaration", id="declaration"),
        pytest.param({"target": "embedded"}, "differ in target", id="target"),
        pytest.param({"tool": RUN.tool.model_copy(update={"suite_digest": "1" * 64})}, "differ in suites", id="suites"),
    ],
)
def test_what_is_no_part_of_the_same_run_is_refused(more: dict[str, object], says: str) -> None:
    """A verdict about one declaration says nothing of another."""
    with pytest.raises(UsageError, match=says):
        merged([_part(0), _part(1, **more)], ["a", "b"])


def test_other_generated_mutants_are_refused() -> None:
    """Nobody knows what the first part's checks would have said to them."""
    drawn = RUN.generated_mutants
    assert drawn is not None

    with pytest.raises(UsageError, match="drew different generated mutants"):
        merged([_part(0), _part(1, generated_mutants=drawn.model_copy(update={"seed": 1}))], ["a", "b"])


@pytest.mark.parametrize(
    ("verdict", "complete", "status"),
    [("pass", True, 0), ("fail", True, 1), ("pass", False, 2), ("not_selected", True, 5), ("unknown", True, 6)],
)
def test_the_exit_status_is_that_of_one_run(verdict: str, complete: bool, status: int) -> None:  # noqa: FBT001
    """So that the job that merges is the gate."""
    control = RUN.controls[0].model_copy(update={"verdict": verdict, "level": "MUST"})

    assert exit_status(RUN.model_copy(update={"controls": [control], "complete": complete, "mutants": []})) == status


def test_a_check_that_broke_is_no_pass() -> None:
    """Nor is one of what only should be: nobody knows what it would have said."""
    broke = model.CheckRun(nodeid="suites/a.py::test_a", seconds=0.1, outcome="error")
    control = RUN.controls[0].model_copy(update={"verdict": "unknown", "level": "SHOULD", "checks": [broke]})

    assert exit_status(RUN.model_copy(update={"controls": [control], "mutants": []})) == 3


def _settings(tmp_path: Path, version: str = RUN.platform_version) -> Settings:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "VERSION").write_text(f"{version}\n")
    return Settings(root=tmp_path)


def _whole(floor: str, **more: object) -> model.Run:
    """Parts that saw everything they were asked for, one system of them no better than this."""
    controls = [
        one.model_copy(update={"verdict": "pass", "assurance": "resolved", "reason": ""})
        for one in sorted(RUN.controls, key=lambda each: each.id)
    ]
    rows = [
        one.model_copy(update={"floor": floor if one.id == controls[0].system else "declared"}) for one in RUN.systems
    ]
    mine = {one.system for one in controls}
    left = [one for one in rows if one.id in mine]
    return merged([_part(0).model_copy(update={"controls": controls, "systems": left, "mutants": [], **more})], ["a"])


def test_all_parts_together_are_held_to_the_floors(tmp_path: Path) -> None:
    """One run would have failed; a part alone asks of too few systems to say so."""
    run = _whole("observed", generated_mutants=None)
    settings = _settings(tmp_path)
    short = shortfalls(held(run, settings), settings)

    assert short == [f"system {run.controls[0].system}: best assurance resolved is below its floor observed"]
    assert exit_status(run, short) == 1


def test_all_parts_together_are_held_to_the_mutation_score(tmp_path: Path) -> None:
    """What each let through, the others might have killed: only together it is a score."""
    drawn = RUN.generated_mutants
    assert drawn is not None
    low = {name: one.model_copy(update={"killed": 0}) for name, one in drawn.by_system.items()}
    run = _whole("declared").model_copy(
        update={"generated_mutants": drawn.model_copy(update={"killed": 0, "by_system": low})}
    )

    settings = _settings(tmp_path)
    assert shortfalls(held(run, settings), settings)[0].startswith(f"overall: 0/{drawn.made} killed")


@pytest.mark.parametrize("what", ["part", "not recorded", "version", "interrupted"])
def test_less_than_a_whole_run_is_held_to_no_floor(tmp_path: Path, what: str) -> None:
    """Somebody asked for less, or the floors were written for another platform."""
    asked: dict[str, list[str] | None] = {"part": ["suites/dr/test_a.py"], "not recorded": None}
    selection = Selection(environment="prod", left_out=asked.get(what, []))
    run = _whole("observed", generated_mutants=None, selection=selection, complete=what != "interrupted")
    settings = _settings(tmp_path, "0.0.0" if what == "version" else RUN.platform_version)

    run = held(run, settings)

    assert not any(row.held for row in run.systems)
    assert shortfalls(run, settings) == []


def test_parts_by_path_are_a_whole_together(tmp_path: Path) -> None:
    """And then the report says no more that it is a part."""
    one, other = ("suites/mesh/test_a.py", "suites/dr/test_b.py")
    parts = [
        _part(0, selection=Selection(environment="prod", paths=[mine], left_out=[left]))
        for mine, left in ((one, other), (other, one))
    ]
    run = held(merged(parts, ["a", "b"]), _settings(tmp_path))

    assert run.selection == Selection(environment="prod", left_out=[])
    assert all(row.held for row in run.systems)


def _written(directory: Path, run: model.Run) -> Path:
    """A run on disk, with evidence for its first control."""
    directory.mkdir()
    body = json.dumps(run.controls[0].id).encode()
    name = f"evidence/{run.controls[0].id}.json"
    (directory / "evidence").mkdir()
    (directory / name).write_bytes(body)
    seen = model.Evidence(sha256=hashlib.sha256(body).hexdigest(), file=name, schema="judgements")
    first = run.controls[0].model_copy(update={"evidence": [seen]})
    rest = [one.model_copy(update={"evidence": []}) for one in run.controls[1:]]
    (directory / "run.json").write_text(run_text(run.model_copy(update={"controls": [first, *rest]})))
    return directory


def test_the_report_holds_the_evidence_of_all_parts(tmp_path: Path) -> None:
    """Every format, and what the verdicts rest on."""
    parts = [_written(tmp_path / "a", _part(0, 1)), _written(tmp_path / "b", _part(2, 3))]
    (tmp_path / "infra").mkdir()

    merge(parts, into=tmp_path / "whole", root=tmp_path, out=Console(file=io.StringIO()))

    whole = load_run(tmp_path / "whole")
    assert len(whole.controls) == 4
    assert all((tmp_path / "whole" / each.file).is_file() for one in whole.controls for each in one.evidence)
    assert [one.split()[0] for one in whole.shards] == ["a", "b"]
    assert (tmp_path / "whole" / "SHA256SUMS").is_file()


def test_changed_evidence_is_refused(tmp_path: Path) -> None:
    """A verdict without what was seen is none."""
    part = _written(tmp_path / "a", _part(0))
    next((part / "evidence").iterdir()).write_text("else")

    with pytest.raises(UsageError, match="is not what the run saw"):
        merge([part], into=tmp_path / "whole", root=tmp_path, out=Console(file=io.StringIO()))

    assert not (tmp_path / "whole").exists()


def test_a_part_is_neither_counted_twice_nor_lost(tmp_path: Path) -> None:
    """A copy is the same run; and nobody merges into what is merged."""
    part, other = _written(tmp_path / "a", _part(0)), _written(tmp_path / "b", _part(0))
    before = (part / "run.json").read_bytes()
    out = Console(file=io.StringIO())

    with pytest.raises(UsageError, match="is the same run as"):
        merge([part, other], into=tmp_path / "whole", root=tmp_path, out=out)
    with pytest.raises(UsageError, match="is one of the parts"):
        merge([part], into=part, root=tmp_path, out=out)

    assert (part / "run.json").read_bytes() == before
    assert not (tmp_path / "whole").exists()
