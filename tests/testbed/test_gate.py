"""What a pipeline is told of the test bed: a run that could not be is never a pass in silence, nor a failure."""

import os
import sys
from pathlib import Path

import pytest
from kind import __main__ as bed

from meshproof.process import run

STEP = Path(__file__).parents[2] / ".ci" / "step.py"


def answering(status: int) -> tuple[str, ...]:
    """A program in the place of this package's own: `prepare` succeeds, `run` ends with the status."""
    return (sys.executable, "-c", f"import sys; sys.exit({status} if sys.argv[1] == 'run' else 0)")


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_commands_status_is_the_gates(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A red check on kind is a failure."""
    monkeypatch.setattr(bed, "_AGAIN", answering(status))

    assert bed.main(["gate", "1", "pytest"]) == status


@pytest.mark.parametrize(
    ("again", "minutes", "says"),
    [
        pytest.param(answering(75), "1", "NOT RUN: there is no test bed", id="Docker's daemon does not come up"),
        pytest.param(answering(6), "1", "NOT SEEN: nothing failed", id="the clusters are not ready in time"),
        pytest.param(
            (sys.executable, "-c", "raise SystemExit(1)"), "1", "NOT RUN: there is no", id="it cannot be made"
        ),
        pytest.param((sys.executable, "-c", "input()"), "0", "NOT RUN: not ready within 0 minutes", id="no time left"),
    ],
)
def test_a_test_bed_that_cannot_be_had_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], again: tuple[str, ...], minutes: str, says: str
) -> None:
    """And the rest of the pipeline decides: the step's row shows it."""
    monkeypatch.setattr(bed, "_AGAIN", again)

    assert bed.main(["gate", minutes, "pytest"]) == 75
    assert says in capsys.readouterr().out


@pytest.mark.parametrize("word", ["run", "mesh"])
def test_anything_else_is_a_wrong_call(capsys: pytest.CaptureFixture[str], word: str) -> None:
    """With how it is called."""
    assert bed.main([word]) == 4
    assert "usage: python -m kind prepare" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "fails", "row"),
    [
        pytest.param(0, 0, "ok", id="passed"),
        pytest.param(1, 1, "status 1", id="failed"),
        pytest.param(75, 0, "NOT SEEN", id="could not be"),
    ],
)
def test_the_table_of_steps_tells_what_could_not_be(tmp_path: Path, status: int, fails: int, row: str) -> None:
    """It fails nothing, and it is not called ok."""
    env = {**os.environ, "STEP_TIMES": str(tmp_path / "times")}
    command = [sys.executable, "-c", f"raise SystemExit({status})"]

    assert run([sys.executable, STEP, "one", "0", *command], within_s=60, env=env).returncode == fails
    assert f"│ {row} " in run([sys.executable, STEP, "table"], within_s=60, env=env).stdout
